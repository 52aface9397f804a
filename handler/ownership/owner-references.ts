import pLimit, { type LimitFunction } from 'p-limit';
import type { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { WaveCronError } from '../../lib/errors.ts';
import { isAbsent, isApiError } from '../../lib/kubernetes/client/api-error.ts';
import type { Cluster, SourceName } from '../../lib/kubernetes/cluster.ts';
import type { ObjectMeta } from '../../lib/kubernetes/objects.ts';
import {
  addReferencesPatch,
  growth,
  hasLastingOwner,
  hasManyOwners,
  hasOwner,
  maxOwners,
  ownersOf,
  planRemoval,
  removeReferencesPatch,
  type Whose,
} from '../../lib/rules/ownership/owner-references.ts';
import type { Owned } from '../../lib/rules/ownership/plan.ts';
import { sourceKey } from '../../lib/rules/references.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import { pauseMs, tries } from '../pass/conflicts.ts';
import type { KubeSystem } from './kube-system.ts';

export interface OwnerReferenceDeps {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** Limits concurrent reads. */
  readonly reads: FairLimit;
  /** Limits concurrent writes. */
  readonly writes: FairLimit;
  /** Which references are removed. */
  readonly whose: Whose;
  /** Throws PassStopped if no write may start. */
  readonly assertMayWrite: () => void;
  /** Aborted when reads must end and no write may start. */
  readonly signal: AbortSignal;
}

/** A failure that the owner of the workload or source can fix, but no permission of ours. */
export class OwnerMendable extends WaveCronError {
  override readonly name = 'OwnerMendable';
}

/** `left`: a reference to the workload stays, because another client wrote it. */
export type RemovalResult = 'removed' | 'left' | 'nothing';

/** Changes the owner references of sources. */
export class OwnerReferences {
  readonly #deps: OwnerReferenceDeps;
  readonly #kubeSystem: KubeSystem;
  readonly #turns = new Map<string, LimitFunction>();
  /**
   * How many references this pass has added to each source, because the reading does not include
   * them.
   */
  readonly #added = new Map<string, number>();

  constructor(deps: OwnerReferenceDeps, kubeSystem: KubeSystem) {
    this.#deps = deps;
    this.#kubeSystem = kubeSystem;
  }

  /**
   * Removes the references to these workloads from a source, and with our last one the reference to
   * kube-system. If a reference to them has to stay, it makes sure that the source is not deleted
   * with the workload.
   */
  async remove(source: SourceName, workloadUids: ReadonlySet<string>): Promise<RemovalResult> {
    const { whose } = this.#deps;
    try {
      return await this.#remove(source, workloadUids, whose);
    } catch (error) {
      // With our own account, the admission policies limit `release` to what a pass may do.
      if (whose === 'ours' || !isApiError(error, 422)) throw error;
      return await this.#remove(source, workloadUids, 'ours');
    }
  }

  async #remove(
    source: SourceName,
    workloadUids: ReadonlySet<string>,
    whose: Whose,
  ): Promise<RemovalResult> {
    const done = await this.#withTries(source, async () => {
      const metadata = await this.#read(source);
      const found = planRemoval(metadata, workloadUids, whose);
      const lastingUid = found.unsafe ? await this.#missingOwner(metadata) : undefined;
      const patch = removeReferencesPatch(metadata, found, lastingUid);
      if (patch !== undefined) {
        const isTheirs = found.gone.length === 0 || hasManyOwners(metadata);
        await this.#write(source, patch, isTheirs);
      }
      if (found.left) return 'left';
      return patch === undefined ? 'nothing' : 'removed';
    });
    return done ?? 'nothing';
  }

  /** False if the source no longer exists. */
  async add(workload: Workload, owned: Owned, lastingUid: string): Promise<boolean> {
    const source = { kind: owned.kind, namespace: workload.namespace, name: owned.name };
    const key = sourceKey(source);
    const done = await this.#withTries(source, async (attempt) => {
      let { uid, owners } = owned;
      if (attempt > 1) {
        const metadata = await this.#read(source);
        uid = metadata.uid ?? '';
        owners = ownersOf(metadata);
      }
      const added = this.#added.get(key) ?? 0;
      if (growth(owners, workload.uid) > 0 && owners.count + added >= maxOwners) {
        throw new OwnerMendable(`it has ${maxOwners} owner references, the limit`);
      }
      const patch = addReferencesPatch({ uid, owners }, workload, lastingUid);
      if (patch === undefined) throw new OwnerMendable(uidIsTaken);
      await this.#write(source, patch, false);
      this.#added.set(key, added + 1);
      return true;
    });
    return done ?? false;
  }

  /**
   * The uid of kube-system, if the source lacks a reference to it and would be deleted with the
   * workload.
   */
  async #missingOwner(metadata: ObjectMeta): Promise<string | undefined> {
    const reading = await this.#kubeSystem.reading();
    if (reading.state !== 'present') {
      const why =
        reading.state === 'absent' ? 'does not exist' : `could not be read: ${reading.why}`;
      throw new OwnerMendable(
        `an owner reference to the workload that another client wrote requires one to kube-system, and namespace kube-system ${why}`,
      );
    }
    if (hasLastingOwner(metadata, reading.uid)) return undefined;
    if (hasOwner(metadata, reading.uid)) throw new OwnerMendable(uidIsTaken);
    return reading.uid;
  }

  async #read(source: SourceName): Promise<ObjectMeta> {
    const { cluster, reads, signal } = this.#deps;
    return await reads.run(source.namespace, () => {
      signal.throwIfAborted();
      return cluster.getSourceMetadata(source, signal);
    });
  }

  /** @param isTheirs whether a rejection concerns what another client wrote */
  async #write(source: SourceName, patch: object, isTheirs: boolean): Promise<void> {
    const { cluster, writes, assertMayWrite, signal } = this.#deps;
    try {
      await writes.run(source.namespace, () => {
        assertMayWrite();
        const call = { assertMayWrite, stopRetrying: signal };
        return cluster.patchSource(source, patch, call);
      });
    } catch (error) {
      if (!isTheirs || !isApiError(error, 403, 422)) throw error;
      throw new OwnerMendable(error.message);
    }
  }

  /**
   * Retries after a conflict, when another client changed the source or created it again. One
   * change at a time per source: workloads that share it would conflict otherwise.
   *
   * @returns undefined if the source no longer exists
   */
  async #withTries<T>(
    source: SourceName,
    attempt: (number: number) => Promise<T>,
  ): Promise<T | undefined> {
    const key = sourceKey(source);
    const turn = this.#turns.get(key) ?? pLimit(1);
    this.#turns.set(key, turn);
    try {
      return await turn(() => this.#tryAgain(source, attempt));
    } finally {
      if (turn.activeCount + turn.pendingCount === 0) this.#turns.delete(key);
    }
  }

  async #tryAgain<T>(
    { name }: SourceName,
    attempt: (number: number) => Promise<T>,
  ): Promise<T | undefined> {
    const { clock, signal } = this.#deps;
    for (let number = 1; ; number += 1) {
      try {
        return await attempt(number);
      } catch (error) {
        if (isAbsent(error, name)) return undefined;
        if (!isApiError(error, 409) || number === tries) throw error;
        await clock.sleep(pauseMs(number), signal);
      }
    }
  }
}

const uidIsTaken =
  'one of its owner references has the uid of namespace kube-system but another name: remove it';
