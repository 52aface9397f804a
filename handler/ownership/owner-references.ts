import pLimit, { type LimitFunction } from 'p-limit';
import { WaveCronError } from '../../lib/errors.ts';
import { isAbsent, isApiError } from '../../lib/kubernetes/client/api-error.ts';
import type { SourceName } from '../../lib/kubernetes/names.ts';
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
import { type PassContext, sendWrite } from '../context.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import type { KubeSystemReading } from './kube-system.ts';

/**
 * A failure that the owner of the workload or source can fix. More permissions for wave-cron would
 * not help.
 */
export class OwnerMendable extends WaveCronError {
  override readonly name = 'OwnerMendable';
}

/** `left`: a reference to the workload stays, because another client wrote it. */
export type RemovalResult = 'removed' | 'left' | 'none';

/** Changes the owner references of sources. */
export class OwnerReferences {
  readonly #context: PassContext;
  readonly #whose: Whose;
  readonly #kubeSystem: () => Promise<KubeSystemReading>;
  readonly #turns = new Map<string, LimitFunction>();
  /**
   * How many references this pass has added to each source. They are counted here, because the
   * source was read before they were added.
   */
  readonly #added = new Map<string, number>();

  /** @param whose selects the references to remove by their writers */
  constructor(context: PassContext, whose: Whose, kubeSystem: () => Promise<KubeSystemReading>) {
    this.#context = context;
    this.#whose = whose;
    this.#kubeSystem = kubeSystem;
  }

  /**
   * Removes the references to these workloads from a source. With our last reference to a workload,
   * it also removes the reference to kube-system. If a reference to one of these workloads has to
   * stay, it makes sure that the source also has the reference to kube-system, so that the source
   * is not deleted with the workload.
   */
  async remove(source: SourceName, workloadUids: ReadonlySet<string>): Promise<RemovalResult> {
    try {
      return await this.#remove(source, workloadUids, this.#whose);
    } catch (error) {
      // Even during a release, the admission policies allow our own account only the removals that
      // a pass does.
      if (this.#whose === 'ours' || !isApiError(error, 422)) throw error;
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
      return patch === undefined ? 'none' : 'removed';
    });
    return done ?? 'none';
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
   * The uid of kube-system if the source needs a reference to kube-system: the source has no such
   * reference, and would be deleted with the workload.
   */
  async #missingOwner(metadata: ObjectMeta): Promise<string | undefined> {
    const reading = await this.#kubeSystem();
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
    const { cluster, reads, signal } = this.#context;
    return await reads.run(source.namespace, () => {
      signal.throwIfAborted();
      return cluster.getSourceMetadata(source, signal);
    });
  }

  /** @param isTheirs whether a rejection is caused by something that another client wrote */
  async #write(source: SourceName, patch: object, isTheirs: boolean): Promise<void> {
    const { cluster } = this.#context;
    try {
      await sendWrite(this.#context, source.namespace, (call) =>
        cluster.patchSource(source, patch, call),
      );
    } catch (error) {
      if (!isTheirs || !isApiError(error, 403, 422)) throw error;
      throw new OwnerMendable(error.message);
    }
  }

  /**
   * Retries after a conflict, if another client changed the source or created it again. Changes of
   * one source run one after the other: otherwise the changes for workloads that share the source
   * would conflict.
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
      return await turn(() => retryOnConflict(this.#context, attempt));
    } catch (error) {
      if (isAbsent(error, source.name)) return undefined;
      throw error;
    } finally {
      if (turn.activeCount + turn.pendingCount === 0) this.#turns.delete(key);
    }
  }
}

const uidIsTaken =
  'one of its owner references has the uid of namespace kube-system but another name: remove it';
