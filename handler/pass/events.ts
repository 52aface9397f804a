import type { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import { workloadEvent } from '../../lib/rules/event.ts';
import { type Reason, reasons } from '../../lib/rules/reason.ts';
import type { Outcome } from '../../lib/rules/report.ts';
import type { ListedName } from '../../lib/rules/workload.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import { describeError, PassStopped } from '../interruption.ts';

export interface EventDeps {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly identity: string;
  /** Limits how many writes are under way. */
  readonly writes: FairLimit;
  /** Throws PassStopped where no write may begin any more. */
  readonly assertMayWrite: () => void;
  /** Throws PassStopped where not even an event about a write that was done may be sent. */
  readonly assertLeaseHeld: () => void;
  /** Aborted once `assertMayWrite` throws. */
  readonly signal: AbortSignal;
}

/** Reasons with which something is recorded that the next pass finds done. */
const recordedOnce: readonly Reason[] = ['Adopted', 'AlreadyCurrent'];

/** The events of a pass. One that cannot be recorded harms nothing else, and is counted. */
export class Events {
  readonly #deps: EventDeps;
  #lost = 0;
  #problem: string | undefined;

  constructor(deps: EventDeps) {
    this.#deps = deps;
  }

  /** How many could not be recorded. */
  get lost(): number {
    return this.#lost;
  }

  /** Why the first could not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Records what became of a workload, where somebody has to know it. */
  async record(
    workload: ListedName,
    outcome: Pick<Outcome, 'reason' | 'sentence' | 'written'> & { hash?: string | undefined },
  ): Promise<void> {
    const { cluster, clock, identity, writes, assertMayWrite, assertLeaseHeld, signal } =
      this.#deps;
    const once = outcome.written || recordedOnce.includes(outcome.reason);
    const isRecorded = once || outcome.reason === 'Settling' || reasons[outcome.reason].isWarning;
    if (!isRecorded) return;
    try {
      await writes.run(workload.namespace, () => {
        const assertMayRecord = once ? assertLeaseHeld : assertMayWrite;
        assertMayRecord();
        const now = clock.wallTime();
        const event = workloadEvent(workload, outcome, identity, now);
        return cluster.recordEvent(event, now, {
          assertMayWrite: assertMayRecord,
          stopRetrying: signal,
        });
      });
    } catch (error) {
      this.#lost += 1;
      this.#problem ??= error instanceof PassStopped ? error.message : describeError(error);
    }
  }
}
