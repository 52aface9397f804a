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

/**
 * The facts about the state of a workload that come from its object and its sources. The object is
 * small, because there are thousands of workloads.
 */
export interface StatusFacts {
  /**
   * The time at which wave-cron last wrote a hash to the workload, in milliseconds since 1970;
   * undefined: not known.
   */
  readonly rolledAt: number | undefined;
  /**
   * Whether the workload has a record of a configuration: on its template, or the record of its
   * adoption.
   */
  readonly isRecorded: boolean;
  /** The record of the last pass about a hold. */
  readonly pending: Pending | undefined;
  /** The unfinished rollout that wave-cron started. */
  readonly rollout: UnfinishedRollout | undefined;
  /** The causes that prevent the Pods from running with the current template, as sentences. */
  readonly blockers: readonly string[];
  /** Present if the decision needs the Pods, and the Pods could not be read. */
  readonly arePodsUnread?: true;
  /** The facts about the sources; undefined if the sources were not read. */
  readonly sources?: SourceFacts;
}

export interface UnfinishedRollout {
  readonly hasFailed: boolean;
  /**
   * The time since when the rollout is under way, or since when it has failed, in milliseconds
   * since 1970.
   */
  readonly since: number;
  /** The sources whose change caused the rollout, named as in `/config-sources`. */
  readonly changed: BoundedList<string>;
}

/** The facts in the metadata of the sources of a workload. */
export interface SourceFacts {
  /**
   * The sources whose data was written after the last hash was written, named as in
   * `/config-sources`.
   */
  readonly newer: BoundedList<string>;
  /**
   * The time of the earliest of these writes, in milliseconds since 1970; undefined: there is no
   * such write.
   */
  readonly newerSince: number | undefined;
  /**
   * Whether all sources were read, and all these times are known: the last write of each source,
   * and the write of the last hash.
   */
  readonly isComplete: boolean;
}

export interface FactTimes {
  /** The current time, in milliseconds since 1970. */
  readonly now: number;
  /** The setting `rollouts.progressDeadline`. */
  readonly progressDeadlineMs: number;
}

/** The facts in a listed workload. Pure. */
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

/** Adds the facts about the sources of the workload. Pure. */
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

/**
 * The time of the last write of a source, in milliseconds since 1970; undefined if the source does
 * not count.
 */
function writeOf(reading: Reading | undefined): number | 'unknown' | undefined {
  if (reading?.state === 'absent') return undefined;
  if (reading?.state !== 'present') return 'unknown';
  if (reading.ignored) return undefined;
  const time = Date.parse(reading.writtenAt ?? '');
  return Number.isNaN(time) ? 'unknown' : time;
}
