import { describeError } from '../../lib/errors.ts';
import { type EventContent, type EventRecord, workloadEvent } from '../../lib/rules/event.ts';
import type { ListedName } from '../../lib/rules/workload.ts';
import { type PassContext, sendWrite } from '../context.ts';
import { PassStopped } from '../gate.ts';

/** Records the Events of a pass. A failure is only counted. */
export class Events {
  readonly #context: PassContext;
  readonly #identity: string;
  #lost = 0;
  #problem: string | undefined;

  /** @param identity the reporting instance */
  constructor(context: PassContext, identity: string) {
    this.#context = context;
    this.#identity = identity;
  }

  /** The number of Events that could not be recorded. */
  get lost(): number {
    return this.#lost;
  }

  /** The error of the first Event that could not be recorded. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Never rejects. The result says whether the Event is new, continues a series, or could not be
   * recorded.
   */
  async record(workload: ListedName, content: EventContent): Promise<EventRecord> {
    const { cluster, clock, gate } = this.#context;
    const assertMayRecord = content.isOnlyNow ? gate.assertLeaseHeld : gate.assertMayWrite;
    try {
      return await sendWrite(
        this.#context,
        workload.namespace,
        (call) => {
          const now = clock.wallTime();
          const event = workloadEvent(workload, content, this.#identity, now);
          return cluster.recordEvent(event, now, call);
        },
        assertMayRecord,
      );
    } catch (error) {
      this.#lost += 1;
      this.#problem ??= error instanceof PassStopped ? error.message : describeError(error);
      return 'lost';
    }
  }
}
