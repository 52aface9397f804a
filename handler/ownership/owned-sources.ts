import { type OncePer, oncePer } from '../../lib/concurrency/once-per.ts';
import { expectedError, WaveCronError } from '../../lib/errors.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import {
  allSources,
  referencedKind,
  type SourceKind,
  sourceKinds,
} from '../../lib/kubernetes/kinds.ts';
import { recordName } from '../../lib/kubernetes/names.ts';
import type { ReadContext } from '../context.ts';

export type Search =
  /** The sources that have a workload as an owner, by the uid of the owner. */
  | { readonly state: 'found'; readonly byOwner: ReadonlyMap<string, ReadonlySet<string>> }
  | { readonly state: 'refused'; readonly why: string };

/** Maximum owner references in memory per namespace. Tenants can create any number of them. */
const maxReferences = 20_000;
/**
 * Maximum owner references in memory for all namespaces. If there are more, the oldest namespace is
 * forgotten and listed again when needed.
 */
const maxReferencesOfAll = 100_000;

/**
 * Finds the sources of a namespace that have owner references to workloads, by listing the metadata
 * of all sources. Used only if no record names the sources, because it requires the permission to
 * list.
 */
export class OwnedSources {
  readonly #search: OncePer<string, Search>;
  /** The number of owner references in memory by namespace. */
  readonly #counts = new Map<string, number>();

  constructor(context: ReadContext) {
    this.#search = oncePer(async (namespace) => {
      const search = await searchNamespace(namespace, context);
      if (search.state === 'found') this.#count(namespace, search);
      return search;
    });
  }

  in(namespace: string): Promise<Search> {
    return this.#search(namespace);
  }

  /** Forgets the oldest namespaces if too many owner references are in memory. */
  #count(namespace: string, { byOwner }: Extract<Search, { state: 'found' }>): void {
    this.#counts.set(namespace, countOf(byOwner));
    let all = 0;
    for (const count of this.#counts.values()) all += count;
    for (const [oldest, count] of this.#counts) {
      if (all <= maxReferencesOfAll) return;
      all -= count;
      this.#counts.delete(oldest);
      this.#search.forget(oldest);
    }
  }
}

async function searchNamespace(
  namespace: string,
  { cluster, reads, signal }: ReadContext,
): Promise<Search> {
  const byOwner = new Map<string, Set<string>>();
  try {
    for (const kind of sourceKinds) {
      const before = countOf(byOwner);
      await reads.run(namespace, () =>
        addReferences(byOwner, before, cluster, kind, namespace, signal),
      );
    }
    return { state: 'found', byOwner };
  } catch (error) {
    return { state: 'refused', why: expectedError(error, signal).message };
  }
}

function countOf(byOwner: ReadonlyMap<string, ReadonlySet<string>>): number {
  let count = 0;
  for (const sources of byOwner.values()) count += sources.size;
  return count;
}

async function addReferences(
  byOwner: Map<string, Set<string>>,
  before: number,
  cluster: Cluster,
  kind: SourceKind,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  let count = before;
  await cluster.listSourceMetadata(kind, namespace, signal, (page, restart) => {
    // A restarted list returns the same sources again, so they must not count twice.
    if (restart) count = before;
    for (const { name, ownerReferences } of page) {
      const source = recordName({ kind, namespace: '', name: name ?? '' });
      for (const reference of ownerReferences ?? []) {
        if (referencedKind(reference) === undefined) continue;
        count += 1;
        if (count > maxReferences) {
          throw new WaveCronError(
            `the ${allSources} of namespace ${namespace} have more than ${maxReferences} owner references to workloads`,
          );
        }
        const uid = reference.uid ?? '';
        const known = byOwner.get(uid) ?? new Set();
        byOwner.set(uid, known.add(source));
      }
    }
  });
}
