import type { KindFinding } from '../../lib/kubernetes/kind-resources.ts';
import {
  type SourceKind,
  sourceEntry,
  sourceKinds,
  type WorkloadKind,
  workloadEntry,
} from '../../lib/kubernetes/kinds.ts';
import type { WatchScope } from '../../lib/kubernetes/metadata-watch.ts';
import { listPath } from '../../lib/kubernetes/paths.ts';
import type { Settings } from '../../lib/settings/schema.ts';

/** One watch: the objects of one kind in one namespace or in all. */
export interface WatchedList extends WatchScope {
  readonly of:
    | { readonly source: SourceKind }
    /** A kind of workload. */
    | { readonly workload: WorkloadKind };
}

/**
 * The watches that these settings ask for.
 *
 * @param found where the cluster serves kinds that are not built-in; those that it does not have are
 * not watched
 */
export function watchedLists(
  settings: Settings,
  found: ReadonlyMap<WorkloadKind, KindFinding> = new Map(),
): WatchedList[] {
  const { namespaces, namespaceSelector, ignoreNamespaces, workloadSelector, triggers } = settings;
  const isEverywhere = namespaceSelector !== '' || namespaces.length === 0;
  const scopes = isEverywhere ? [undefined] : namespaces;
  const fieldSelector = ignoreNamespaces.map((name) => `metadata.namespace!=${name}`).join(',');
  const workloadQuery = {
    labelSelector: workloadSelector || undefined,
    fieldSelector: fieldSelector || undefined,
  };
  const kinds = watchedKinds(settings).flatMap((kind) => {
    const finding = found.get(kind);
    if (finding?.state === 'notServed') return [];
    const resource = finding?.state === 'served' ? finding.resource : workloadEntry(kind);
    return [{ kind, resource }];
  });
  return scopes.flatMap((namespace) => [
    ...sourceKinds
      .filter((kind) => triggers.watch.includes(kind))
      .map((kind) => ({ path: listPath(sourceEntry(kind), namespace), of: { source: kind } })),
    ...kinds.map(({ kind, resource }) => ({
      ...{ path: listPath(resource, namespace), query: workloadQuery },
      of: { workload: kind },
    })),
  ]);
}

/** The kinds of workloads that these settings ask to watch. */
export function watchedKinds({ kinds, triggers }: Settings): Settings['kinds'] {
  return triggers.watch.includes('Workload') ? kinds : [];
}
