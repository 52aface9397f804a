import { annotationKeysOf } from '../../lib/rules/annotations.ts';
import type { WorkloadRules } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { durationMs } from '../../lib/text/duration.ts';

/** The settings that reading a workload needs. */
export function workloadRules(settings: Settings): WorkloadRules {
  const { annotationPrefix, compatibility, crossNamespaceReferences, adoption, restart } = settings;
  return {
    annotations: annotationKeysOf(annotationPrefix, compatibility),
    ...{ crossNamespaceReferences, adoption, restart },
    clockToleranceMs: durationMs(settings.clockTolerance),
  };
}
