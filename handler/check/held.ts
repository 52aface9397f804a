import pLimit from 'p-limit';
import { expectedError } from '../../lib/errors.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import { isWorkloadResource, type WorkloadKind } from '../../lib/kubernetes/kinds.ts';
import { objectTitle } from '../../lib/kubernetes/names.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import type { PermissionFinding } from '../../lib/permissions/access-review.ts';
import { annotationKeysOf, domainsOf } from '../../lib/rules/annotations.ts';
import { holdSentence } from '../../lib/rules/held-by-wave.ts';
import { byName } from '../../lib/rules/report.ts';
import { readWorkload, type Workload } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { listWorkloads } from '../reading/list.ts';

/**
 * Workloads in scope whose Pods cannot be scheduled because of upstream Wave, as sentences. Empty
 * without the permission to list workloads: `check` reports that separately.
 */
export async function lookForHeld(
  settings: Settings,
  cluster: Cluster,
  permissions: readonly PermissionFinding[],
  signal: AbortSignal,
): Promise<string[]> {
  const lists = permissions.filter((each) => isWorkloadResource(each) && each.verb === 'list');
  if (!lists.some(({ state }) => state === 'granted')) return [];
  const { annotationPrefix, compatibility, crossNamespaceReferences, adoption } = settings;
  const annotationKeys = annotationKeysOf(annotationPrefix, compatibility);
  const rules = { annotations: annotationKeys, crossNamespaceReferences, adoption };
  const keep = (kind: WorkloadKind, object: WorkloadObject): Workload | undefined => {
    const workload = readWorkload(kind, object, rules);
    return workload?.heldByWave === undefined ? undefined : workload;
  };
  try {
    const found = await listWorkloads(
      settings,
      { keep, mentioning: domainsOf(annotationKeys) },
      { cluster, lists: pLimit(settings.concurrency.reads), signal },
    );
    return [...found.workloads]
      .sort(byName)
      .flatMap((workload) =>
        workload.heldByWave === undefined
          ? []
          : [`${objectTitle(workload)}: ${holdSentence(workload, workload.heldByWave)}`],
      );
  } catch (error) {
    expectedError(error, signal);
    return [];
  }
}
