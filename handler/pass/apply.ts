import { expectedError } from '../../lib/errors.ts';
import { isAbsent, isApiError } from '../../lib/kubernetes/client/api-error.ts';
import { isRejection } from '../../lib/kubernetes/client/rejection.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import { type Decision, wholeSentence } from '../../lib/rules/decision.ts';
import type { HashWrite } from '../../lib/rules/event.ts';
import { outcomeOf, unhandledOutcome } from '../../lib/rules/outcome.ts';
import {
  finalizerChange,
  noOwnershipChanges,
  type OwnershipChanges,
} from '../../lib/rules/ownership/changes.ts';
import { workloadPatch } from '../../lib/rules/patch.ts';
import type { Said } from '../../lib/rules/reason.ts';
import type { Outcome } from '../../lib/rules/report.ts';
import type { Given } from '../../lib/rules/rollout-policy/given.ts';
import type { Candidate } from '../../lib/rules/rollout-policy/queue-state.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { type PassContext, sendWrite } from '../context.ts';
import { type PassStopped, stoppedBy } from '../gate.ts';
import type { Ownership, Remaining } from '../ownership/ownership.ts';
import { notePutBack } from '../ownership/put-back.ts';
import { deletedMeanwhile, readAgain } from '../reading/read-again.ts';
import { retryOnConflict, tries } from '../retry-on-conflict.ts';

/** The result for a workload, and the Event to record about it. */
export interface Applied {
  /** The version of the workload in the last decision. */
  readonly workload: Workload;
  readonly outcome: Outcome;
  /** Present if the hash was written. */
  readonly hashWrite?: HashWrite;
  /** The versions of sources that are on trial with the hash; present if it was written. */
  readonly started?: Given;
  /** Present if a hold started, or replaced another hold. */
  readonly holdIsNew?: true;
  /** Present if nothing was done yet, because the workload has to wait for its turn. */
  readonly postponed?: Postponed;
  /** Present if the pass was stopped before all sources of the workload were handled. */
  readonly cutShort?: PassStopped;
}

/** A decision that only the queue can complete. */
export interface Postponed {
  readonly workload: Workload;
  readonly decision: Decision;
  readonly candidate: Candidate;
}

/** The part of a decision that only the queue can complete. Undefined if the decision is complete. */
export function postponedOf(workload: Workload, decision: Decision): Postponed | undefined {
  const candidate = decision.held?.candidate;
  return candidate === undefined ? undefined : { workload, decision, candidate };
}

export interface ApplyDeps {
  readonly ownership: Ownership;
  readonly decide: (workload: Workload) => Promise<Decision>;
  /** Reduces an object that was read again; undefined if it is no longer opted in. */
  readonly keep: (object: WorkloadObject) => Promise<Workload | undefined>;
}

/**
 * Decides about a workload and executes the decision: it removes stale owner references, sends one
 * PATCH for the workload, then adds new references. If another client changed the workload since it
 * was read, it is read and decided again.
 *
 * @throws what the gate and `decide` throw, and the reason of the signal
 */
export async function apply(
  workload: Workload,
  deps: ApplyDeps,
  context: PassContext,
): Promise<Applied> {
  return await new Application(workload, deps, context).run();
}

class Application {
  readonly #deps: ApplyDeps;
  readonly #context: PassContext;
  readonly #removed = new Set<string>();
  #current: Workload;
  /** The decision that the last attempt could not write, because of a conflict. */
  #attempted: Decision | undefined;

  constructor(workload: Workload, deps: ApplyDeps, context: PassContext) {
    this.#current = workload;
    this.#deps = deps;
    this.#context = context;
  }

  async run(): Promise<Applied> {
    try {
      return await retryOnConflict(this.#context, (attempt) => this.#attempt(attempt));
    } catch (error) {
      if (!isApiError(error, 409)) throw error;
      const what = this.#attempted?.hashAnnotations === undefined ? 'its record' : 'the hash';
      return this.#unhandled({
        reason: 'Conflict',
        sentence: `another client changed it ${tries} times while ${what} was being written`,
      });
    }
  }

  async #attempt(attempt: number): Promise<Applied> {
    if (attempt > 1) {
      const failure = 'it could not be read again after a conflict';
      const { keep } = this.#deps;
      const again = await readAgain(this.#current, keep, failure, this.#context);
      if ('reason' in again) return this.#unhandled(again);
      this.#current = again;
    }
    const decision = await this.#deps.decide(this.#current);
    const postponed = postponedOf(this.#current, decision);
    if (postponed !== undefined) return { ...this.#nothingDone(decision), postponed };
    const remaining = await this.#removeStale(decision);
    const { annotationKeys } = this.#context;
    const patch = workloadPatch(this.#current, decision, remaining?.owned, annotationKeys);
    if (patch === undefined) {
      const arrived = this.#arrived();
      return await this.#finish(arrived ?? decision, arrived !== undefined, remaining, 'kept');
    }
    const failure = await this.#patch(patch, decision);
    if (failure !== undefined) return this.#unhandled(failure);
    const finalizer = finalizerChange(this.#current, remaining?.owned);
    const written = decision.hashAnnotations !== undefined;
    return await this.#finish(decision, written, remaining, finalizer);
  }

  async #removeStale({ ownership: plan }: Decision): Promise<Remaining | undefined> {
    if (plan === undefined) return undefined;
    const remaining = await this.#deps.ownership.removeStale(this.#current, plan);
    for (const label of remaining.removed) this.#removed.add(label);
    return remaining;
  }

  /**
   * The decision of an earlier attempt that was written although its response was lost. Then the
   * conflict was with our own write.
   */
  #arrived(): Decision | undefined {
    const attempted = this.#attempted;
    const hash = attempted?.hashAnnotations?.hash;
    const { template, adopted } = this.#current;
    const written = adopted?.restartAt === undefined ? template.hash : adopted.config;
    return hash !== undefined && written === hash ? attempted : undefined;
  }

  /**
   * Sends the patch of the decision.
   *
   * @returns the failure if the patch cannot be written
   * @throws ApiError after a conflict
   */
  async #patch(patch: object, decision: Decision): Promise<Said | undefined> {
    const workload = this.#current;
    const { cluster } = this.#context;
    try {
      await sendWrite(this.#context, workload.namespace, (call) =>
        cluster.patchWorkload(workload, patch, call),
      );
      return undefined;
    } catch (error) {
      if (isAbsent(error, workload.name)) return deletedMeanwhile;
      const { message } = expectedError(error);
      if (isApiError(error, 409)) {
        this.#attempted = decision;
        throw error;
      }
      const reason = isRejection(error) ? 'Rejected' : 'Failed';
      return { reason, sentence: `${whatFor(decision)}: ${message}` };
    }
  }

  async #finish(
    decision: Decision,
    written: boolean,
    remaining: Remaining | undefined,
    finalizer: OwnershipChanges['finalizer'],
  ): Promise<Applied> {
    if (remaining === undefined) return this.#handled(decision, written, noOwnershipChanges);
    let done: Awaited<ReturnType<Ownership['addReferences']>> = nothingAdded;
    let cutShort: PassStopped | undefined;
    try {
      done = await this.#deps.ownership.addReferences(this.#current, remaining);
      const putBack = done.added.some((label) => remaining.lost.has(label));
      if (putBack) await notePutBack(this.#current, this.#context);
    } catch (error) {
      // The report must contain the writes before this error. The next pass adds the missing
      // references.
      cutShort = stoppedBy(error, this.#context.gate);
      if (cutShort === undefined) throw error;
    }
    const applied = this.#handled(decision, written, {
      referencesAdded: done.added,
      referencesRemoved: [...this.#removed],
      finalizer,
      problems: [...remaining.problems, ...done.problems],
      warnings: [...remaining.warnings, ...done.warnings],
      notes: remaining.notes,
    });
    return cutShort === undefined ? applied : { ...applied, cutShort };
  }

  #nothingDone(decision: Decision): Applied {
    const done = { written: false, ownership: noOwnershipChanges };
    return { workload: this.#current, outcome: outcomeOf(this.#current, decision, done) };
  }

  #handled(decision: Decision, written: boolean, ownership: OwnershipChanges): Applied {
    const workload = this.#current;
    const outcome = outcomeOf(workload, decision, { written, ownership });
    const { reason, hashAnnotations, start, held } = decision;
    if (!written || hashAnnotations === undefined) {
      return { workload, outcome, ...(held?.pending === undefined ? {} : { holdIsNew: true }) };
    }
    const hashWrite = { reason, sentence: wholeSentence(decision), hash: hashAnnotations.hash };
    return { workload, outcome, hashWrite, started: start?.given ?? new Map() };
  }

  #unhandled(said: Said): Applied {
    const ownership = { ...noOwnershipChanges, referencesRemoved: [...this.#removed] };
    return { workload: this.#current, outcome: unhandledOutcome(this.#current, said, ownership) };
  }
}

const nothingAdded = { added: [], problems: [], warnings: [] } as const;

function whatFor({ hashAnnotations, held }: Decision): string {
  if (held?.pending !== undefined) return 'its record of the held change could not be written';
  return hashAnnotations === undefined
    ? 'its record of owned sources could not be written'
    : 'the hash could not be written';
}
