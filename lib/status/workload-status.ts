import type { WorkloadName } from '../kubernetes/names.ts';
import { isHold, type Reason, reasons } from '../rules/reason.ts';
import type { Outcome } from '../rules/report.ts';
import type { BoundedList } from '../text/bounded-list.ts';
import { sentence } from '../text/printable.ts';
import { timeText } from '../text/rfc3339.ts';
import type { StatusFacts } from './facts.ts';
import { type State, urgencyOf } from './state.ts';
import type { Urgency } from './urgency.ts';

/** The state of one opted-in workload. Times are RFC 3339, UTC. */
export interface WorkloadStatus extends WorkloadName {
  readonly state: State;
  readonly urgency: Urgency;
  /** Printable, and at most 1024 bytes. */
  readonly sentence: string;
  /** The time since when the workload is in this state; null: not known. */
  readonly since: string | null;
  /** The sources that changed, as in `/config-sources`; at most 20. */
  readonly changed: readonly string[];
  /** The number of further changed sources. */
  readonly changedLeftOut: number;
  /** The time at which the hold ends by itself; null: nothing is held, or the end is not known. */
  readonly heldUntil: string | null;
  /** The time at which wave-cron last wrote a hash; null: not known. */
  readonly lastRollout: string | null;
  /** Whether the next pass would restart the workload. */
  readonly wouldRestart: boolean;
  /** False if a pass may decide differently, because the pass has other permissions. */
  readonly certain: boolean;
}

export interface Circumstances {
  /** The current time, in milliseconds since 1970. */
  readonly now: number;
  /** False if the hash key could not be read, so recorded hashes cannot be compared. */
  readonly isCompared: boolean;
  /** False if the limits of the queue also count workloads that were not listed. */
  readonly isQueueKnown: boolean;
}

/** The time for which a finished rollout counts as recent. */
const recentMs = 3_600_000;

interface Judged {
  readonly state: State;
  readonly sentence: string;
  /** The time since when the workload is in the state, in milliseconds since 1970. */
  readonly since?: number | undefined;
  readonly changed?: BoundedList<string> | undefined;
  readonly heldUntil?: string | undefined;
  readonly isGuess?: true;
}

/**
 * The state of a workload. It follows from the decision of the next pass and from the facts in the
 * workload. Pure.
 *
 * @param facts undefined if the workload could not be read
 */
export function statusOf(
  outcome: Outcome,
  facts: StatusFacts | undefined,
  circumstances: Circumstances,
): WorkloadStatus {
  const { kind, namespace, name } = outcome;
  const judged = judge(outcome, facts ?? noFacts, circumstances);
  const { state, since, changed = { listed: [], leftOut: 0 } } = judged;
  return {
    ...{ kind, namespace, name, state },
    urgency: urgencyOf(state),
    sentence: sentence(judged.sentence),
    since: timeOrNull(since),
    changed: changed.listed,
    changedLeftOut: changed.leftOut,
    heldUntil: judged.heldUntil ?? null,
    lastRollout: timeOrNull(facts?.rolledAt),
    wouldRestart: outcome.written && (state === outcome.reason || state === 'RolloutFailed'),
    certain: judged.isGuess !== true,
  };
}

const noFacts: StatusFacts = {
  ...{ rolledAt: undefined, isRecorded: false, pending: undefined, rollout: undefined },
  blockers: [],
};

function timeOrNull(time: number | undefined): string | null {
  return time === undefined ? null : timeText(time);
}

function judge(outcome: Outcome, facts: StatusFacts, circumstances: Circumstances): Judged {
  const unknown = whyUnknown(outcome, facts, circumstances);
  if (unknown === undefined && reasons[outcome.reason].isWarning) return decided(outcome, facts);
  if (facts.rollout?.hasFailed === true) return failed(outcome, facts, unknown);
  if (unknown !== undefined) return guessed(outcome, facts, unknown, circumstances);
  if (outcome.reason !== 'UpToDate') return waiting(outcome, facts, circumstances);
  return unfinished(outcome.sentence, facts) ?? upToDate(outcome.sentence, facts, circumstances);
}

type WhyUnknown = 'source' | 'key';

/** Why the decision of a pass is not known; undefined if it is known. */
function whyUnknown(
  { reason, written }: Outcome,
  { isRecorded }: StatusFacts,
  { isCompared }: Circumstances,
): WhyUnknown | undefined {
  if (reason === 'UnreadableSource' || reason === 'PolicyUnreadable') return 'source';
  const comes = written || isHold(reason) || fromComparison.has(reason);
  return !isCompared && isRecorded && comes ? 'key' : undefined;
}

/**
 * Reasons that follow from the comparison of a recorded hash, in addition to the reasons of holds
 * and writes.
 */
const fromComparison: ReadonlySet<Reason> = new Set([
  'UpToDate',
  'Adopted',
  'AlreadyCurrent',
  'Reverted',
]);

/** The state according to the decision of a pass. */
function decided(outcome: Outcome, { sources, pending }: StatusFacts): Judged {
  const { reason, held, written } = outcome;
  const isWaiting = written || held !== undefined;
  // If there is no record of the hold, the decision says that the hold begins now.
  const recorded = held === undefined || pending === undefined ? undefined : Date.parse(held.since);
  return {
    ...{ state: reason, sentence: outcome.sentence, changed: changedIn(outcome) },
    since: recorded ?? (isWaiting ? sources?.newerSince : undefined),
    heldUntil: held?.until,
  };
}

function changedIn({ changed, changedLeftOut = 0 }: Outcome): BoundedList<string> {
  return { listed: changed, leftOut: changedLeftOut };
}

function waiting(outcome: Outcome, facts: StatusFacts, circumstances: Circumstances): Judged {
  const said = decided(outcome, facts);
  if (facts.arePodsUnread === true) return doubted(said, podsUnread);
  if (!outcome.written || circumstances.isQueueKnown) return said;
  return queuedPerhaps(doubted(said, queueUnknown), facts);
}

function doubted(said: Judged, why: string): Judged {
  return { ...said, sentence: `${said.sentence}; ${why}`, isGuess: true };
}

function queuedPerhaps(said: Judged, { pending }: StatusFacts): Judged {
  const isQueued = pending?.reason === 'Queued';
  return isQueued ? { ...said, state: 'Queued', since: pending?.since } : said;
}

const podsUnread =
  'its Pods could not be read with your permissions, and they decide whether it restarts';

const queueUnknown =
  'it may have to wait for rollouts in other namespaces, which are only known with --all-namespaces';

function failed(
  outcome: Outcome,
  { rollout, blockers }: StatusFacts,
  unknown: WhyUnknown | undefined,
): Judged {
  const { reason, held } = outcome;
  const why = blockers.length > 0 ? blockers.join('; ') : 'its rollout has not finished in time';
  const isMore = unknown === undefined && reason !== 'UpToDate';
  return {
    ...{ state: 'RolloutFailed', since: rollout?.since },
    sentence: isMore ? `${why}; next: ${reason}: ${outcome.sentence}` : why,
    changed: isMore && outcome.changed.length > 0 ? changedIn(outcome) : rollout?.changed,
    heldUntil: unknown === undefined ? held?.until : undefined,
    ...(unknown === undefined ? {} : { isGuess: true }),
  };
}

/** The state if a rollout is unfinished or Pods are outdated; undefined otherwise. */
function unfinished(
  text: string,
  { rollout, rolledAt, blockers }: StatusFacts,
): Judged | undefined {
  if (rollout !== undefined) {
    const { since, changed } = rollout;
    return { state: 'RollingOut', sentence: text, since, changed };
  }
  if (blockers.length === 0) return undefined;
  return { state: 'PodsOutdated', sentence: blockers.join('; '), since: rolledAt };
}

function upToDate(text: string, { rolledAt }: StatusFacts, { now }: Circumstances): Judged {
  const isRecent = rolledAt !== undefined && now - rolledAt < recentMs;
  return { state: isRecent ? 'RolledOut' : 'UpToDate', sentence: text, since: rolledAt };
}

/** The state according to the records of the last pass and the times of writes. */
function guessed(
  outcome: Outcome,
  facts: StatusFacts,
  unknown: WhyUnknown,
  circumstances: Circumstances,
): Judged {
  const { pending, sources } = facts;
  const why = unknown === 'key' ? withoutKey : withoutSource(outcome);
  const recorded = holdIn(pending?.reason);
  if (recorded !== undefined) {
    const text = `the last pass held it back: ${recorded}; ${why}`;
    return { state: recorded, sentence: text, since: pending?.since, isGuess: true };
  }
  const begun = unfinished(why, facts);
  if (begun !== undefined) return { ...begun, isGuess: true };
  if (unknown === 'source' || sources?.isComplete !== true) {
    return { state: 'Unknown', sentence: why, isGuess: true };
  }
  const { newer, newerSince } = sources;
  if (newer.listed.length === 0) return { ...upToDate(why, facts, circumstances), isGuess: true };
  const said = { sentence: why, since: newerSince, changed: newer };
  return { state: 'ConfigChanged', ...said, isGuess: true };
}

const withoutKey =
  'judged by the times of the last writes, because the hash key could not be read with your permissions';

function withoutSource({ reason, sentence: text }: Outcome): string {
  const what = reason === 'UnreadableSource' ? 'a source' : 'its namespace';
  return `not known, because ${what} could not be read with your permissions: ${text}`;
}

/**
 * The recorded text if it is the reason code of a hold; otherwise undefined. Any client may have
 * written the text.
 */
function holdIn(text: string | undefined): Reason | undefined {
  if (text === undefined || !Object.hasOwn(reasons, text)) return undefined;
  const reason = text as Reason;
  return isHold(reason) ? reason : undefined;
}
