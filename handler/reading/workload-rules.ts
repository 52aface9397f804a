import { annotationKeysOfSettings, domainsOf } from '../../lib/rules/annotations.ts';
import type { DefaultOptIns } from '../../lib/rules/default-opt-in.ts';
import type { WorkloadRules } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { durationMs } from '../../lib/text/duration.ts';
import type { ListReduction } from './workload-list.ts';

/**
 * The settings that reading a workload needs.
 *
 * @param defaultOptIn from `readDefaultOptIns`; absent: only annotations opt in
 */
export function workloadRules(settings: Settings, defaultOptIn?: DefaultOptIns): WorkloadRules {
  const { adoption, restart, crossNamespaceReferences, namePatterns } = settings;
  return {
    annotations: annotationKeysOfSettings(settings),
    ...{ crossNamespaceReferences, namePatterns, adoption, restart },
    clockToleranceMs: durationMs(settings.clockTolerance),
    ...(defaultOptIn && { defaultOptIn }),
  };
}

/** Which objects of a list `readWorkload` may keep with these rules. */
export function neededObjects({
  annotations,
  defaultOptIn,
}: Pick<WorkloadRules, 'annotations' | 'defaultOptIn'>): Pick<
  ListReduction,
  'mentioning' | 'alsoIn'
> {
  return {
    mentioning: domainsOf(annotations),
    alsoIn: defaultOptIn && ((namespace) => defaultOptIn(namespace).kind !== 'off'),
  };
}
