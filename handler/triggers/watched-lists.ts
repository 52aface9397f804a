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

/** The watches that these settings ask for. */
export function watchedLists(settings: Settings): WatchedList[] {
  const { namespaces, namespaceSelector, ignoreNamespaces, workloadSelector, triggers } = settings;
  const isEverywhere = namespaceSelector !== '' || namespaces.length === 0;
  const scopes = isEverywhere ? [undefined] : namespaces;
  const fieldSelector = ignoreNamespaces.map((name) => `metadata.namespace!=${name}`).join(',');
  const workloadQuery = {
    labelSelector: workloadSelector || undefined,
    fieldSelector: fieldSelector || undefined,
  };
  const kinds = triggers.watch.includes('Workload') ? settings.kinds : [];
  return scopes.flatMap((namespace) => [
    ...sourceKinds
      .filter((kind) => triggers.watch.includes(kind))
      .map((kind) => ({ path: listPath(sourceEntry(kind), namespace), of: { source: kind } })),
    ...kinds.map((kind) => ({
      ...{ path: listPath(workloadEntry(kind), namespace), query: workloadQuery },
      of: { workload: kind },
    })),
  ]);
}
