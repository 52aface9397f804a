import { expectedError } from '../../lib/errors.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import type { Decision } from '../../lib/rules/decision.ts';
import { outcomeOf } from '../../lib/rules/outcome.ts';
import {
  givenUpInWords,
  noOwnershipChanges,
  type OwnershipChanges,
  stateOfIdlePlan,
} from '../../lib/rules/ownership/changes.ts';
import { workloadPatch } from '../../lib/rules/patch.ts';
import type { Candidate, Wait } from '../../lib/rules/rollout-policy/queue-state.ts';
import { queued } from '../../lib/rules/rollout-policy/queued.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { PassContext } from '../context.ts';
import type { Place } from '../decision/within-policy.ts';
import { readByName } from '../reading/read-again.ts';
import type { KeepRead } from '../reading/workload-list.ts';
import type { Applied, Postponed } from './apply.ts';
import type { RolloutQueue } from './rollout-queue.ts';

export interface SecondPhaseDeps {
  readonly queue: RolloutQueue;
  readonly keep: KeepRead;
  /** Handles a workload again; undefined if the pass was interrupted. */
  readonly handle: (workload: Workload, place: Place) => Promise<Applied | undefined>;
  readonly record: (applied: Applied) => Promise<void>;
  readonly isStopped: () => boolean;
}

/**
 * The time between two reads of the workloads under way, while a pass waits for these workloads.
 */
const pollMs = 2000;

const fewSources = 50;

/**
 * The second phase of a pass: the workloads that had to wait until the pass had decided about others. The pass
 * decides again about those that may start, so that they start with their current configuration.
 */
export class SecondPhase {
  readonly #deps: SecondPhaseDeps;
  readonly #context: PassContext;
  readonly #waiting = new Map<Candidate, Waiting>();

  constructor(deps: SecondPhaseDeps, context: PassContext) {
    this.#deps = deps;
    this.#context = context;
  }

  /** @param listed the workload as the list contained it. It may be a sketch, because many large workloads may wait */
  add(listed: Workload, { workload, decision, candidate }: Postponed): void {
    const idle = this.#ifIdle(workload, decision);
    this.#waiting.set(candidate, { workload: listed, ...(idle === undefined ? {} : { idle }) });
    this.#deps.queue.add(candidate);
  }

  /**
   * The fields for a workload for which nothing has to be written while it waits; undefined if the
   * workload has to be handled once more during the wait.
   */
  #ifIdle(workload: Workload, decision: Decision): Waiting['idle'] {
    const { annotationKeys } = this.#context;
    const { ownership: plan, changed } = decision;
    // Too many workloads may wait to keep the names of all sources.
    if (changed.length > fewSources) return undefined;
    const owned = plan && stateOfIdlePlan(workload, plan);
    if (plan !== undefined && owned === undefined) return undefined;
    if (workloadPatch(workload, decision, owned, annotationKeys) !== undefined) return undefined;
    const said = plan && { warnings: givenUpInWords(plan), notes: plan.notes };
    return {
      decision: { ...decision, ownership: undefined },
      ownership: { ...noOwnershipChanges, ...said },
    };
  }

  /** Starts the rollouts that may start now. */
  async start(): Promise<void> {
    await this.#startAll();
  }

  /**
   * Starts the rollouts that may start within `waitMs`, and records the other workloads as held.
   *
   * @param waitMs 0: starts only those that may start now
   */
  async finish(waitMs: number): Promise<void> {
    let waits = await this.#startAll();
    const held = new Map<Candidate, Applied>();
    if (waitMs > 0 && waits.size > 0) {
      // Records since when each workload is held, even if the pass is killed during the wait.
      await this.#each(waits, async (candidate, wait) => {
        const applied = await this.#hold(candidate, wait);
        if (applied !== undefined) held.set(candidate, applied);
      });
      waits = await this.#startWithin(waitMs, waits);
    }
    await this.#each(waits, async (candidate, wait) => {
      const applied = held.get(candidate) ?? (await this.#hold(candidate, wait));
      if (applied !== undefined) await this.#deps.record(applied);
    });
  }

  async #startAll(): Promise<ReadonlyMap<Candidate, Wait>> {
    for (;;) {
      const { starts, waiting } = this.#deps.queue.ask();
      if (starts.length === 0 || this.#deps.isStopped()) return waiting;
      await Promise.all(
        starts.map(async ({ candidate, note }) => {
          const place = { kind: 'start', ...(note === undefined ? {} : { note }) } as const;
          const applied = await this.#handle(candidate, place);
          if (applied === undefined) return;
          this.#waiting.delete(candidate);
          await this.#deps.record(applied);
        }),
      );
    }
  }

  async #startWithin(
    waitMs: number,
    first: ReadonlyMap<Candidate, Wait>,
  ): Promise<ReadonlyMap<Candidate, Wait>> {
    const { clock, signal } = this.#context;
    const end = clock.now() + waitMs;
    let waits = first;
    while (waits.size > 0 && clock.now() < end && !this.#deps.isStopped()) {
      try {
        await clock.sleep(Math.min(pollMs, end - clock.now()), signal);
        await this.#readUnderWay();
      } catch (error) {
        if (!signal.aborted) throw error;
        return waits;
      }
      waits = await this.#startAll();
    }
    return waits;
  }

  /** Reads the workloads under way again. If one cannot be read, its earlier state counts. */
  async #readUnderWay(): Promise<void> {
    const { queue, keep } = this.#deps;
    const read = async (name: WorkloadName): Promise<void> => {
      try {
        const workload = await readByName(name, keep, this.#context);
        if (workload === undefined) queue.remove(name);
        else queue.update(workload);
      } catch (error) {
        expectedError(error, this.#context.signal);
      }
    };
    await Promise.all(queue.underWay.map(read));
  }

  /** The outcome of a workload that waits. */
  async #hold(candidate: Candidate, wait: Wait): Promise<Applied | undefined> {
    const { workload, idle } = this.#waiting.get(candidate) ?? {};
    if (workload === undefined || idle === undefined) {
      return await this.#handle(candidate, { kind: 'wait', wait });
    }
    const { decision, ownership } = idle;
    const done = { written: false, ownership };
    return { workload, outcome: outcomeOf(workload, withWait(decision, wait), done) };
  }

  async #handle(candidate: Candidate, place: Place): Promise<Applied | undefined> {
    const { workload } = this.#waiting.get(candidate) ?? {};
    return workload && (await this.#deps.handle(workload, place));
  }

  async #each(
    waits: ReadonlyMap<Candidate, Wait>,
    run: (candidate: Candidate, wait: Wait) => Promise<void>,
  ): Promise<void> {
    await Promise.all([...waits].map(([candidate, wait]) => run(candidate, wait)));
  }
}

interface Waiting {
  readonly workload: Workload;
  /** Present if nothing has to be written while the workload waits. */
  readonly idle?: {
    readonly decision: Decision;
    /** Contains only warnings and notes. */
    readonly ownership: OwnershipChanges;
  };
}

function withWait(decision: Decision, wait: Wait): Decision {
  const hold = queued(decision, {}, { wait });
  return hold === undefined ? decision : { ...decision, sentence: hold.sentence };
}
