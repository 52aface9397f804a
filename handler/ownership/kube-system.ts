import type { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { WaveCronError } from '../../lib/errors.ts';
import { isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import { lastingOwner } from '../../lib/rules/ownership/owner-references.ts';

export type KubeSystemReading =
  | { readonly state: 'present'; readonly uid: string }
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly why: string };

/**
 * Reads the Namespace kube-system at most once per pass, when it is needed. Its uid is never taken
 * from another place, because the garbage collector deletes an object whose owners' uids do not
 * exist.
 */
export class KubeSystem {
  readonly #read: () => Promise<KubeSystemReading>;
  #reading: Promise<KubeSystemReading> | undefined;

  constructor(cluster: Cluster, signal: AbortSignal, reads: FairLimit) {
    this.#read = async () => {
      try {
        const { uid } = await reads.run(lastingOwner, () =>
          cluster.getNamespace(lastingOwner, signal),
        );
        if (!uid) return { state: 'unreadable', why: 'the response has no uid' };
        return { state: 'present', uid };
      } catch (error) {
        signal.throwIfAborted();
        if (isAbsent(error, lastingOwner)) return { state: 'absent' };
        if (!(error instanceof WaveCronError)) throw error;
        return { state: 'unreadable', why: error.message };
      }
    };
  }

  reading(): Promise<KubeSystemReading> {
    this.#reading ??= this.#read();
    return this.#reading;
  }
}
