import pLimit from 'p-limit';
import { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { expectedError } from '../../lib/errors.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import { isCustomKind, workloadEntry } from '../../lib/kubernetes/kinds.ts';
import type { PermissionFinding } from '../../lib/permissions/access-review.ts';
import { annotationKeysOfSettings } from '../../lib/rules/annotations.ts';
import { readWorkload, type Workload } from '../../lib/rules/workload.ts';
import { systemClock } from '../../lib/schedule/clock.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { readDefaultOptIns } from '../reading/default-opt-ins.ts';
import { listWorkloads } from '../reading/list.ts';
import type { Listed } from '../reading/workload-list.ts';
import { neededObjects, workloadRules } from '../reading/workload-rules.ts';

/** The inputs for a list in `check`. */
export interface CheckedScope {
  readonly settings: Settings;
  readonly cluster: Cluster;
  /** The permissions of the account according to the API server. */
  readonly permissions: readonly PermissionFinding[];
  readonly signal: AbortSignal;
}

/**
 * Lists the workloads in scope for which `isWanted` holds, as far as the account may list them;
 * `check` reports a missing permission by itself. Undefined if nothing could be listed, or if
 * `needed` is not granted.
 *
 * @param needed whether the permission is needed for all kinds, or for any of them
 */
export async function listGranted(
  { settings, cluster, permissions, signal }: CheckedScope,
  needed: 'all kinds' | 'any kind',
  isWanted: (workload: Workload) => boolean,
): Promise<Listed | undefined> {
  const granted = permissions
    .filter((each) => isListOf(each, settings.kinds))
    .map(({ state }) => state === 'granted');
  const isEnough = needed === 'all kinds' ? granted.every(Boolean) : granted.some(Boolean);
  if (!isEnough) return undefined;
  const context = {
    ...{ cluster, signal, clock: systemClock },
    annotationKeys: annotationKeysOfSettings(settings),
    reads: new FairLimit(settings.concurrency.reads),
  };
  try {
    const { defaultOptIn } = await readDefaultOptIns(settings, context);
    const rules = workloadRules(settings, defaultOptIn);
    return await listWorkloads(
      settings,
      {
        keep: (kind, object) => {
          const workload = readWorkload(kind, object, rules);
          return workload !== undefined && isWanted(workload) ? workload : undefined;
        },
        ...neededObjects(rules),
      },
      { cluster, lists: pLimit(settings.concurrency.reads), signal },
    );
  } catch (error) {
    expectedError(error, signal);
    return undefined;
  }
}

function isListOf(
  { apiGroup, resource, verb }: PermissionFinding,
  kinds: Settings['kinds'],
): boolean {
  const isWorkload = kinds.some((kind) => {
    const { group, plural } = workloadEntry(kind);
    // Only the cluster knows the plural of a kind that is not built-in.
    return group === apiGroup && (plural === resource || isCustomKind(kind));
  });
  return verb === 'list' && isWorkload;
}
