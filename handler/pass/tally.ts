import type { WorkloadKind } from '../../lib/kubernetes/kinds.ts';
import { byName } from '../../lib/kubernetes/names.ts';
import type { ObjectMeta } from '../../lib/kubernetes/objects.ts';
import type { DefaultOptIns } from '../../lib/rules/default-opt-in.ts';
import type { Reason } from '../../lib/rules/reason.ts';
import { boundOutcome, type Outcome } from '../../lib/rules/report.ts';
import type { SourcesSeen } from '../../lib/rules/sources-seen.ts';
import type { Workload } from '../../lib/rules/workload.ts';

/** Observes the workloads of a pass. */
export interface ReconcileObserver {
  listed?(workloads: number): void;
  /** Called when a full pass begins to list workloads, with the opt-ins of workloads that have no annotation. */
  optIns?(defaultOptIn: DefaultOptIns): void;
  /**
   * Called when a workload was read, alone or in a list, with the metadata of that version. This may happen
   * several times for one workload.
   *
   * @param workload undefined if it is not opted in
   */
  read?(kind: WorkloadKind, metadata: ObjectMeta, workload: Workload | undefined): void;
  /**
   * Called when a version of a workload was read only for the state of its rollout. The pass does not handle
   * this version, so a change in it still needs a pass.
   *
   * @param workload undefined if it is not opted in
   */
  seen?(kind: WorkloadKind, metadata: ObjectMeta, workload: Workload | undefined): void;
  /** Called when the sources of a workload were read for its decision. */
  sources?(workload: Workload, seen: SourcesSeen): void;
  /** Called when the Pods of a workload matter for its decision but could not be read. */
  podsUnreadable?(workload: Workload): void;
  outcome?(outcome: Outcome, noted: Noted): void;
  /**
   * Called after the outcome, for news about a workload: see `isNews`. It is called twice if the workload has
   * two Events, and never by a plan.
   */
  news?(outcome: Outcome, reason: Reason): void;
}

/** Facts about an outcome that the outcome does not contain. */
export interface Noted {
  /** Present if a hold began, or replaced another hold. */
  readonly holdIsNew?: true;
}

/** The outcomes of a pass, for its report and its observers. */
export class Tally {
  readonly #observer: ReconcileObserver;
  readonly #outcomes: Outcome[] = [];
  #listed = 0;

  constructor(observer: ReconcileObserver) {
    this.#observer = observer;
  }

  get listed(): number {
    return this.#listed;
  }

  /** Sorted by name. */
  get outcomes(): readonly Outcome[] {
    return this.#outcomes.sort(byName);
  }

  setListed(workloads: number): void {
    this.#listed = workloads;
    this.#observer.listed?.(workloads);
  }

  /** @returns the outcome with its bounds */
  add(full: Outcome, noted: Noted): Outcome {
    const outcome = boundOutcome(full);
    this.#outcomes.push(outcome);
    this.#observer.outcome?.(outcome, noted);
    return outcome;
  }

  addNews(outcome: Outcome, reason: Reason): void {
    this.#observer.news?.(outcome, reason);
  }
}
