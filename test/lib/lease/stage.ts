import assert from 'node:assert/strict';
import { type Acquired, type AcquireOptions, acquire } from '../../../lib/lease/acquire.ts';
import type { LeaseEvent } from '../../../lib/lease/event.ts';
import type { LeaseHandle } from '../../../lib/lease/handle.ts';
import type { LeaseRecord } from '../../../lib/lease/lock.ts';
import { type FakeClock, FakeTime } from '../schedule/fake-clock.ts';
import { FakeLease, type Verb } from './fake-lease.ts';

/** A fault of one request. */
export interface Fault {
  /** A change by another client just before the request arrives. */
  readonly before?: () => void;
  /** The request fails before or after it takes effect. */
  readonly fails?: { readonly when: 'before' | 'after'; readonly error: Error };
  /** The delay of the response, in milliseconds. */
  readonly answerAfterMs?: number;
}

/** One process and one Lease. A test can inject faults: `stage.next('update', { before: … })`. */
export class Stage {
  readonly time = new FakeTime();
  readonly clock: FakeClock;
  readonly lease = new FakeLease();
  readonly events: LeaseEvent[] = [];
  readonly requests: Verb[] = [];
  readonly #faults = new Map<Verb, Fault[]>();

  constructor() {
    this.clock = this.time.clock();
  }

  /** Queues faults for the next requests of this verb. */
  next(verb: Verb, ...faults: Fault[]): void {
    this.#faults.set(verb, [...(this.#faults.get(verb) ?? []), ...faults]);
  }

  get kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  event<K extends LeaseEvent['kind']>(kind: K): Extract<LeaseEvent, { kind: K }> {
    const found = this.events.find((event) => event.kind === kind);
    assert.ok(found?.kind === kind, `no event ${kind} among ${this.kinds.join(', ')}`);
    return found as Extract<LeaseEvent, { kind: K }>;
  }

  get record(): LeaseRecord {
    const last = this.lease.writes.at(-1);
    assert.ok(last !== undefined, 'nothing was written');
    return last;
  }

  acquire(options: Partial<AcquireOptions> = {}): Promise<Acquired> {
    return acquire({
      lock: this.lease.lock(async (verb, effect) => {
        this.requests.push(verb);
        const fault = this.#faults.get(verb)?.shift();
        fault?.before?.();
        if (fault?.fails?.when === 'before') throw fault.fails.error;
        const answer = effect();
        if (fault?.answerAfterMs !== undefined) {
          await this.clock.awakeAt(this.time.now + fault.answerAfterMs);
        }
        if (fault?.fails?.when === 'after') throw fault.fails.error;
        return answer;
      }),
      name: { podName: 'wave-cron-1', podUid: 'uid-1', hostName: 'host' },
      durationSeconds: 15,
      maxHonoredSeconds: 150,
      clock: this.clock,
      random: () => 0,
      on: (event) => this.events.push(event),
      ...options,
    });
  }

  /** Waits `ms` milliseconds of simulated time, in which the attempt must end. */
  async outcome(attempt: Promise<Acquired>, ms = 0): Promise<Acquired> {
    let outcome: Acquired | undefined;
    attempt.then(
      (value) => {
        outcome = value;
      },
      () => undefined,
    );
    await this.time.advance(ms);
    assert.ok(outcome !== undefined, `no outcome after ${ms} ms`);
    return outcome;
  }

  /** Acquires the lease without any faults. */
  async held(options: Partial<AcquireOptions> = {}): Promise<LeaseHandle> {
    const outcome = await this.acquire(options);
    assert.equal(outcome.kind, 'held');
    return outcome.handle;
  }
}

/** The spec of a Lease that another process of wave-cron holds. */
export function heldBy(holderIdentity: string, fields: Readonly<Record<string, unknown>> = {}) {
  return {
    holderIdentity,
    leaseDurationSeconds: 15,
    acquireTime: '2026-01-01T00:00:00.000000Z',
    renewTime: '2026-01-01T00:00:42.000000Z',
    leaseTransitions: 4,
    ...fields,
  };
}
