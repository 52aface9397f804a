import { recordName } from '../lib/config-hash.ts';
import { WaveCronError } from '../lib/errors.ts';
import type { Cluster } from '../lib/kubernetes/cluster.ts';
import { type SourceKind, sourceKinds } from '../lib/references.ts';

export type Search =
  /** The sources that name an owner, by the owner's uid. */
  | { readonly state: 'found'; readonly byOwner: ReadonlyMap<string, ReadonlySet<string>> }
  | { readonly state: 'refused'; readonly why: string };

/**
 * Finds the sources of a namespace that carry marks, by a list of their metadata: only where no
 * record names them, since it needs the right to list.
 */
export class MarkedSources {
  readonly #list: (namespace: string) => Promise<Search>;
  readonly #known = new Map<string, Promise<Search>>();

  constructor(cluster: Cluster, signal: AbortSignal) {
    this.#list = async (namespace) => {
      try {
        const lists = await Promise.all(
          sourceKinds.map((kind) => markedOfKind(cluster, kind, namespace, signal)),
        );
        return { state: 'found', byOwner: byOwner(lists.flat()) };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof WaveCronError)) throw error;
        return { state: 'refused', why: error.message };
      }
    };
  }

  in(namespace: string): Promise<Search> {
    const known = this.#known.get(namespace) ?? this.#list(namespace);
    this.#known.set(namespace, known);
    return known;
  }
}

interface Mark {
  readonly owner: string;
  readonly source: string;
}

async function markedOfKind(
  cluster: Cluster,
  kind: SourceKind,
  namespace: string,
  signal: AbortSignal,
): Promise<Mark[]> {
  let marks: Mark[] = [];
  await cluster.listSourceMetadata(kind, namespace, signal, (page, restart) => {
    if (restart) marks = [];
    for (const { name, ownerReferences } of page) {
      const source = recordName({ kind, namespace: '', name: name ?? '' });
      for (const { uid } of ownerReferences ?? []) marks.push({ owner: uid ?? '', source });
    }
  });
  return marks;
}

function byOwner(marks: readonly Mark[]): Map<string, Set<string>> {
  const sources = new Map<string, Set<string>>();
  for (const { owner, source } of marks) {
    const known = sources.get(owner) ?? new Set();
    sources.set(owner, known.add(source));
  }
  return sources;
}
