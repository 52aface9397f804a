import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import { isCustomKind, sourceEntry, sourceKinds } from '../../lib/kubernetes/kinds.ts';
import { type WatchDeps, watchMetadata } from '../../lib/kubernetes/metadata-watch.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import type { ObjectMeta } from '../../lib/kubernetes/objects.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { type WatchedList, watchedLists } from '../triggers/watched-lists.ts';
import { type StatusRequest, settingsIn } from './status.ts';

export interface ChangesDeps extends WatchDeps {
  readonly findKinds: Cluster['findKinds'];
}

/** Its functions must not throw. */
export interface ChangesListener {
  /** All states may have changed, because a watch has started. */
  changed(): void;
  /** The state of a workload, or of the workloads that use a source in a namespace, may have changed. */
  touched(concerned: Touched): void;
  /** A list is not watched. It is tried again. */
  failed(path: string, error: unknown): void;
}

export type Touched = WorkloadName | { readonly namespace: string };

/**
 * Watches what the status depends on, with the permissions of the user, until the signal is
 * aborted. It watches the metadata of workloads and of sources that are not confidential.
 * Confidential sources are never listed or watched, so their changes are not reported.
 *
 * @throws WaveCronError if the kinds of other APIs could not be found
 */
export async function watchChanges(
  request: StatusRequest,
  on: ChangesListener,
  deps: ChangesDeps,
  signal: AbortSignal,
): Promise<void> {
  const settings = watched(settingsIn(request));
  const custom = settings.kinds.filter(isCustomKind);
  const found = custom.length === 0 ? new Map() : await deps.findKinds(custom, signal);
  const lists = watchedLists(settings, found);
  await Promise.all(lists.map((list) => watchMetadata(list, listenerOf(list, on), deps, signal)));
}

function watched(settings: Settings): Settings {
  const open = sourceKinds.filter((kind) => !sourceEntry(kind).isConfidential);
  return { ...settings, triggers: { ...settings.triggers, watch: ['Workload', ...open] } };
}

function listenerOf({ of, path }: WatchedList, on: ChangesListener) {
  return {
    started: () => on.changed(),
    failed: (error: unknown) => on.failed(path, error),
    changed({ namespace, name }: ObjectMeta) {
      if (typeof namespace !== 'string' || typeof name !== 'string') return;
      on.touched('workload' in of ? { kind: of.workload, namespace, name } : { namespace });
    },
  };
}
