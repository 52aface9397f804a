import type { Urgency } from '../../../lib/status/urgency.ts';
import type { WorkloadStatus } from '../../../lib/status/workload-status.ts';

/** The user's choice. An empty text or an absent value includes everything. */
export interface Filter {
  readonly text: string;
  readonly namespace: string;
  readonly urgency: Urgency | undefined;
}

/**
 * The workloads that match. Each word of the text must occur in the name, kind, namespace, state,
 * message or changed sources. Upper and lower case are equal.
 */
export function matching(
  workloads: readonly WorkloadStatus[],
  { text, namespace, urgency }: Filter,
): readonly WorkloadStatus[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return workloads.filter(
    (each) =>
      (urgency === undefined || each.urgency === urgency) &&
      (namespace === '' || each.namespace === namespace) &&
      (words.length === 0 || includesAll(each, words)),
  );
}

function includesAll(status: WorkloadStatus, words: readonly string[]): boolean {
  const { kind, namespace, name, state, sentence, changed } = status;
  const text = `${kind}/${name} ${namespace} ${state} ${sentence} ${changed.join(' ')}`;
  const searched = text.toLowerCase();
  return words.every((word) => searched.includes(word));
}

/** Reads the filter from the query of an address. */
export function filterOf(query: URLSearchParams, urgencies: readonly Urgency[]): Filter {
  return {
    text: query.get('text') ?? '',
    namespace: query.get('namespace') ?? '',
    urgency: urgencies.find((each) => each === query.get('show')),
  };
}

/** The query of an address for this filter: empty, or beginning with `?`. */
export function queryOf({ text, namespace, urgency }: Filter): string {
  const given = { text, namespace, show: urgency ?? '' };
  const query = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== ''));
  return query.size === 0 ? '' : `?${query}`;
}
