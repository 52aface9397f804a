import { recordName } from '../kubernetes/names.ts';
import type { Reading } from '../rules/reading.ts';
import { sourceKey } from '../rules/references.ts';
import { identityOf } from '../rules/resolve.ts';
import { hasFailed } from '../rules/rollout-policy/given.ts';
import type { Pending } from '../rules/rollout-policy/pending.ts';
import type { UnderWay } from '../rules/rollout-policy/under-way.ts';
import type { SourcesSeen } from '../rules/sources-seen.ts';
import type { Workload } from '../rules/workload.ts';
import { type BoundedList, boundedList } from '../text/bounded-list.ts';

/** What a workload itself says about its state. Small, because a cluster has thousands of them. */
export interface StatusFacts {
  /** When wave-cron last wrote a hash to it, in milliseconds since 1970; undefined: not known. */
  readonly rolledAt: number | undefined;
  /** Whether it has a record of a configuration, on its template or of its adoption. */
  readonly isRecorded: boolean;
  /** What the last pass recorded about a hold. */
  readonly pending: Pending | undefined;
  /** The rollout that wave-cron started and that has not finished. */
  readonly rollout: UnfinishedRollout | undefined;
  /** What prevents its Pods from following their template, as sentences. */
  readonly blockers: readonly string[];
  /** Present if its Pods matter for the decision, and could not be read. */
  readonly arePodsUnread?: true;
  /** Undefined: its sources were not read. */
  readonly sources?: SourceFacts;
}

export interface UnfinishedRollout {
  readonly hasFailed: boolean;
  /** Since when it is under way, or has failed, in milliseconds since 1970. */
  readonly since: number;
  /** The sources that changed with it, as in `/config-sources`. */
  readonly changed: BoundedList<string>;
}

/** What the metadata of the sources say. */
export interface SourceFacts {
  /** The sources whose data was written after the last hash, as in `/config-sources`. */
  readonly newer: BoundedList<string>;
  /** The earliest of these writes, in milliseconds since 1970; undefined: there are none. */
  readonly newerSince: number | undefined;
  /** Whether all sources were read, and the times of their last writes and of the last hash are known. */
  readonly isComplete: boolean;
}

export interface FactTimes {
  /** In milliseconds since 1970. */
  readonly now: number;
  /** The setting `rollouts.progressDeadline`. */
  readonly progressDeadlineMs: number;
}

/** The facts in a workload as it was listed. Pure. */
export function factsOf(workload: Workload, times: FactTimes): StatusFacts {
  const { history, template, adopted, rollouts, behind } = workload;
  const known = (history ?? []).filter((time) => time <= times.now);
  return {
    rolledAt: known.length === 0 ? undefined : Math.max(...known),
    isRecorded: template.hash !== undefined || adopted !== undefined,
    pending: rollouts.pending,
    rollout: rollouts.underWay && unfinishedRollout(rollouts.underWay, times),
    blockers: boundedList(behind?.blockers ?? []).listed,
  };
}

function unfinishedRollout(underWay: UnderWay, times: FactTimes): UnfinishedRollout | undefined {
  const { now, progressDeadlineMs } = times;
  const { startedAt, state, given } = underWay;
  if (state.phase !== 'unfinished') return undefined;
  const versions = [...given.values(), { at: startedAt, failed: false }];
  const failed = versions.some((each) => hasFailed(each, underWay, now, progressDeadlineMs));
  return {
    hasFailed: failed,
    since: failed ? failedSince(underWay, times) : startedAt,
    changed: boundedList([...given.keys()]),
  };
}

function failedSince(
  { startedAt, state: { failure, saidAt } }: UnderWay,
  { now, progressDeadlineMs }: FactTimes,
): number {
  const late = startedAt + progressDeadlineMs;
  // Any client may have written the time of the condition.
  const isKnown = failure === 'said' && saidAt !== undefined && !Number.isNaN(saidAt);
  return Math.min(isKnown ? saidAt : late, now);
}

/** Adds what the sources of the workload say. Pure. */
export function withSources(
  facts: StatusFacts,
  { namespace, configuration }: Workload,
  { readings }: SourcesSeen,
): StatusFacts {
  const references = configuration.kind === 'references' ? configuration.references : [];
  const { rolledAt } = facts;
  const newer: string[] = [];
  let newerSince = Number.POSITIVE_INFINITY;
  let isComplete = rolledAt !== undefined;
  for (const reference of references) {
    const reading = readings.get(sourceKey(reference));
    const writtenAt = writeOf(reading);
    if (writtenAt === 'unknown') isComplete = false;
    if (typeof writtenAt !== 'number' || rolledAt === undefined || writtenAt <= rolledAt) continue;
    newer.push(recordName(identityOf(reference, namespace)));
    newerSince = Math.min(newerSince, writtenAt);
  }
  const since = newer.length === 0 ? undefined : newerSince;
  return { ...facts, sources: { newer: boundedList(newer), newerSince: since, isComplete } };
}

/** In milliseconds since 1970; undefined if the source does not count. */
function writeOf(reading: Reading | undefined): number | 'unknown' | undefined {
  if (reading?.state === 'absent') return undefined;
  if (reading?.state !== 'present') return 'unknown';
  if (reading.ignored) return undefined;
  const time = Date.parse(reading.writtenAt ?? '');
  return Number.isNaN(time) ? 'unknown' : time;
}
