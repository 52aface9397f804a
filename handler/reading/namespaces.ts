import type { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { WaveCronError } from '../../lib/errors.ts';
import { isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';

export type NamespaceReading =
  | { readonly state: 'active'; readonly uid: string }
  /** Being deleted, or already gone. */
  | { readonly state: 'terminating' }
  | { readonly state: 'unreadable'; readonly why: string };

/** Reads each namespace once per pass. */
export class Namespaces {
  readonly #read: (name: string) => Promise<NamespaceReading>;
  readonly #known = new Map<string, Promise<NamespaceReading>>();

  constructor(cluster: Cluster, signal: AbortSignal, reads: FairLimit) {
    this.#read = async (name) => {
      try {
        const { uid, deletionTimestamp } = await reads.run(name, () =>
          cluster.getNamespace(name, signal),
        );
        if (deletionTimestamp != null) return { state: 'terminating' };
        return { state: 'active', uid: uid ?? '' };
      } catch (error) {
        signal.throwIfAborted();
        if (isAbsent(error, name)) return { state: 'terminating' };
        if (!(error instanceof WaveCronError)) throw error;
        return { state: 'unreadable', why: error.message };
      }
    };
  }

  of(name: string): Promise<NamespaceReading> {
    const known = this.#known.get(name) ?? this.#read(name);
    this.#known.set(name, known);
    return known;
  }
}
