import type { LimitFunction } from 'p-limit';
import { recordName } from '../lib/config-hash.ts';
import { WaveCronError } from '../lib/errors.ts';
import type { Cluster } from '../lib/kubernetes/cluster.ts';
import { isWorkload } from '../lib/ownership/marks.ts';
import { type SourceKind, sourceKinds } from '../lib/references.ts';

export type Search =
  /** The sources that name a workload as an owner, by the owner's uid. */
  | { readonly state: 'found'; readonly byOwner: ReadonlyMap<string, ReadonlySet<string>> }
  | { readonly state: 'refused'; readonly why: string };

/** Owner references that are kept of one namespace: whoever writes there can make any number of them. */
const mostMarks = 20_000;
/** Workloads come ordered by namespace, so that the last few are all that is asked for again. */
const mostKnown = 8;

/**
 * Finds the sources of a namespace that carry marks, by a list of their metadata: only where no
 * record names them, since it needs the right to list.
 */
export class MarkedSources {
  readonly #list: (namespace: string) => Promise<Search>;
  readonly #known = new Map<string, Promise<Search>>();

  constructor(cluster: Cluster, signal: AbortSignal, reads: LimitFunction) {
    this.#list = async (namespace) => {
      const byOwner = new Map<string, Set<string>>();
      try {
        for (const kind of sourceKinds) {
          const before = countOf(byOwner);
          await reads(() => addMarks(byOwner, before, cluster, kind, namespace, signal));
        }
        return { state: 'found', byOwner };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof WaveCronError)) throw error;
        return { state: 'refused', why: error.message };
      }
    };
  }

  in(namespace: string): Promise<Search> {
    const known = this.#known.get(namespace) ?? this.#list(namespace);
    this.#known.delete(namespace);
    this.#known.set(namespace, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostKnown && oldest !== undefined) this.#known.delete(oldest);
    return known;
  }
}

function countOf(byOwner: ReadonlyMap<string, ReadonlySet<string>>): number {
  let count = 0;
  for (const sources of byOwner.values()) count += sources.size;
  return count;
}

async function addMarks(
  byOwner: Map<string, Set<string>>,
  before: number,
  cluster: Cluster,
  kind: SourceKind,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  let count = before;
  await cluster.listSourceMetadata(kind, namespace, signal, (page, restart) => {
    // What an earlier start of the list has found may be found again: a source counts once.
    if (restart) count = before;
    for (const { name, ownerReferences } of page) {
      const source = recordName({ kind, namespace: '', name: name ?? '' });
      for (const reference of ownerReferences ?? []) {
        if (!isWorkload(reference)) continue;
        count += 1;
        if (count > mostMarks) {
          throw new WaveCronError(
            `the ConfigMaps and Secrets of namespace ${namespace} have more than ${mostMarks} owner references to workloads`,
          );
        }
        const uid = reference.uid ?? '';
        const known = byOwner.get(uid) ?? new Set();
        byOwner.set(uid, known.add(source));
      }
    }
  });
}
