import type { WorkloadName } from '../kubernetes/names.ts';
import { timeText } from '../text/rfc3339.ts';
import { type Decision, type Held, wholeSentence } from './decision.ts';
import {
  changesAnything,
  noOwnershipChanges,
  type OwnershipChanges,
  plannedChanges,
  withOwnership,
} from './ownership/changes.ts';
import type { Said } from './reason.ts';
import type { Outcome, OutcomeOfHold } from './report.ts';
import { withHold } from './with-hold.ts';
import type { Workload } from './workload.ts';

/** The part of a decision that was executed. */
export interface Done {
  /** Whether a pass wrote the template. */
  readonly written: boolean;
  readonly ownership: OwnershipChanges;
}

/** The outcome of a decision that was executed. Pure. */
export function outcomeOf(
  workload: WorkloadName,
  decision: Decision,
  { written, ownership }: Done,
): Outcome {
  const { reason, changed, blockers, schedulingHold, held } = decision;
  const decided = { reason, sentence: wholeSentence(decision) };
  const said = withHold(withOwnership(decided, ownership, written), schedulingHold);
  return {
    ...named(workload, said),
    ...{ changed, written },
    ...(blockers === undefined ? {} : { blockers }),
    ...(held === undefined ? {} : { held: heldText(held) }),
    ...changesOf(ownership),
  };
}

/**
 * The expected outcome of a decision. It contains only what is known without further requests.
 * Pure.
 */
export function plannedOutcome(workload: Workload, decision: Decision): Outcome {
  const plan = decision.ownership;
  const ownership = plan === undefined ? noOwnershipChanges : plannedChanges(workload, plan);
  const written = decision.hashAnnotations !== undefined;
  return outcomeOf(workload, decision, { written, ownership });
}

/** The outcome of a workload that could not be handled completely. Pure. */
export function unhandledOutcome(
  workload: WorkloadName,
  said: Said,
  ownership = noOwnershipChanges,
): Outcome {
  return { ...named(workload, said), changed: [], written: false, ...changesOf(ownership) };
}

function heldText({ since, until }: Held): OutcomeOfHold {
  return {
    since: timeText(since),
    ...(until === undefined ? {} : { until: timeText(until) }),
  };
}

function named({ kind, namespace, name }: WorkloadName, { reason, sentence }: Said) {
  return { kind, namespace, name, reason, sentence };
}

function changesOf(changes: OwnershipChanges): Pick<Outcome, 'ownership'> {
  const { referencesAdded, referencesRemoved, finalizer } = changes;
  return changesAnything(changes)
    ? { ownership: { referencesAdded, referencesRemoved, finalizer } }
    : {};
}
