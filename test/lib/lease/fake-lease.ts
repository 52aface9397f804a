import type { LeaseLock, LeaseRecord, LockWrite } from '../../../lib/lease/lock.ts';
import { foundRecord } from '../../../lib/lease/record.ts';

export type Verb = 'get' | 'create' | 'update';

/**
 * The network between a process and the Lease. It runs `effect` when the request arrives, and returns its
 * result. It may delay or lose the request or the response.
 */
export type Network = <T>(verb: Verb, effect: () => T, signal?: AbortSignal) => Promise<T>;

/** A Lease on a server. There is one copy, which any number of processes reach, each through its own lock. */
export class FakeLease {
  /** Undefined if the Lease does not exist. */
  stored: { spec: unknown; annotated: boolean; version: number } | undefined;
  /** All writes that took effect. */
  readonly writes: LeaseRecord[] = [];
  #version = 0;

  /** The annotation `/yield`. */
  yield: string | undefined;

  /** Writes the Lease as another program would. */
  put(spec: unknown, { annotated = true }: { annotated?: boolean } = {}): void {
    this.#version += 1;
    this.stored = { spec, annotated, version: this.#version };
  }

  /** Changes only the version of the Lease, as a new label does. */
  touch(): void {
    if (this.stored !== undefined) this.put(this.stored.spec, this.stored);
  }

  delete(): void {
    this.stored = undefined;
  }

  get holder(): string | undefined {
    return this.stored === undefined ? undefined : foundRecord(this.stored.spec).holderIdentity;
  }

  /** @param group the identity of a group that shares the Lease, as in `kubernetesLock` */
  lock(network: Network = direct, group?: string): LeaseLock {
    const versionOf = (holder: string, version: number): string =>
      holder === group ? 'group' : String(version);
    const write = (record: LeaseRecord): LockWrite => {
      const { yield: yields, ...stored } = record;
      if (yields !== undefined) this.yield = yields ?? undefined;
      this.put(stored);
      this.writes.push(stored);
      return { kind: 'done', version: versionOf(record.holderIdentity, this.#version) };
    };
    return {
      describe: () => 'Lease default/wave-cron',
      get: ({ signal }) =>
        network(
          'get',
          () => {
            if (this.stored === undefined) return { kind: 'absent' };
            const { spec, annotated, version } = this.stored;
            const record = foundRecord(spec);
            return {
              kind: 'present',
              version: versionOf(record.holderIdentity, version),
              annotated,
              record,
              ...(this.yield === undefined ? {} : { yield: this.yield }),
            };
          },
          signal,
        ),
      requestYield: (identity, { signal }) =>
        network(
          'update',
          () => {
            this.yield = identity;
            this.touch();
          },
          signal,
        ),
      create: (record, { signal }) =>
        network(
          'create',
          () => (this.stored === undefined ? write(record) : { kind: 'conflict' }),
          signal,
        ),
      update: (record, version, { signal }) =>
        network(
          'update',
          () => {
            if (this.stored === undefined) return { kind: 'absent' };
            const current = versionOf(this.holder ?? '', this.stored.version);
            return current === version ? write(record) : { kind: 'conflict' };
          },
          signal,
        ),
    };
  }
}

const direct: Network = async (_verb, effect) => effect();
