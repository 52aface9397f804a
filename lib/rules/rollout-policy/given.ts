import type { RolloutState } from '../../kubernetes/kinds.ts';
import { isRecordName, recordName } from '../../kubernetes/names.ts';
import { timeText, writtenTime } from '../../text/rfc3339.ts';
import type { Reading } from '../reading.ts';
import { type Reference, sourceKey } from '../references.ts';
import { identityOf } from '../resolve.ts';
import { placeEnd } from './place-end.ts';

/**
 * A version of a source: its uid, its resourceVersion and the time of the last write of its data, separated by
 * commas. The time may be empty.
 *
 * The resourceVersion alone is not enough: it also changes with a label or with one of our owner references.
 */
export type SourceVersion = string;

/** By source, as in `/config-sources`. */
export type SourceVersions = ReadonlyMap<string, SourceVersion>;

/** A version of a source that a healthy workload was given, and that is on trial there. */
export interface GivenVersion {
  readonly version: SourceVersion;
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  /** Whether the rollout had failed when the next hash was written to the workload. */
  readonly failed: boolean;
}

/** By source, as in `/config-sources`. */
export type Given = ReadonlyMap<string, GivenVersion>;

/**
 * The versions of sources that exist.
 *
 * @param changed the sources to include; empty: all, because it is not known which ones changed
 */
export function sourceVersions(
  namespace: string,
  references: readonly Reference[],
  readings: ReadonlyMap<string, Reading>,
  changed: readonly string[],
): SourceVersions {
  const versions = new Map<string, SourceVersion>();
  const meant = new Set(changed);
  for (const reference of references) {
    const source = recordName(identityOf(reference, namespace));
    const reading = readings.get(sourceKey(reference));
    if (reading?.state !== 'present' || reading.ignored) continue;
    if (meant.size > 0 && !meant.has(source)) continue;
    const { uid, owners, writtenAt } = reading;
    versions.set(source, [uid, owners.resourceVersion, writtenAt ?? ''].join(','));
  }
  return versions;
}

/** Whether both are of the same object, and its data was not written in between. */
export function isSameVersion(one: SourceVersion, other: SourceVersion): boolean {
  const [uid, resourceVersion, writtenAt = ''] = one.split(',');
  const [otherUid, otherVersion, otherWrittenAt] = other.split(',');
  if (uid !== otherUid) return false;
  return resourceVersion === otherVersion || (writtenAt !== '' && writtenAt === otherWrittenAt);
}

export interface Rollout {
  /** When the hash was written, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly state: RolloutState;
}

/** Whether a rollout is known to have failed with a version. */
export function hasFailed(
  { at, failed }: Pick<GivenVersion, 'at' | 'failed'>,
  { startedAt, state }: Rollout,
  now: number,
  progressDeadlineMs: number,
): boolean {
  if (state.phase !== 'unfinished') return false;
  if (failed) return true;
  const { failure, saidAt = Number.NaN, ownDeadlineMs } = state;
  switch (failure) {
    case 'said':
      // A Deployment that returns to an earlier ReplicaSet keeps the old condition for a while.
      return !(saidAt < at) || now >= at + (ownDeadlineMs ?? 0);
    case 'if late':
      return now >= at + progressDeadlineMs;
    case 'not known':
      // A later write has restarted the progress deadline of its controller.
      return (
        ownDeadlineMs !== undefined &&
        startedAt > at &&
        now >= placeEnd(at, state, progressDeadlineMs)
      );
  }
}

/**
 * The versions that are on trial once a hash is written to a workload at `now`.
 *
 * If the workload is healthy, all versions that it gets are on trial. If its last rollout is unfinished, the
 * versions that it keeps stay on trial: otherwise the next write would erase a failure. If that rollout has
 * failed, a version that it gets is innocent, unless it replaces one on trial: a correction may be bad as well.
 *
 * @param before the versions on trial, if the template still has the hash that they came with
 * @param versions of all of its sources, and of those that it gets now
 */
export function givenAfter(
  before: Given,
  rollout: Rollout,
  versions: { readonly all: SourceVersions; readonly changed: SourceVersions },
  now: number,
  progressDeadlineMs: number,
): Given {
  const given = new Map<string, GivenVersion>();
  const { phase } = rollout.state;
  const isUnfinished = phase === 'unfinished';
  let isFailing = before.size === 0;
  for (const [source, each] of isUnfinished ? before : []) {
    const failed = hasFailed(each, rollout, now, progressDeadlineMs);
    isFailing ||= failed;
    const current = versions.all.get(source);
    const isKept = current !== undefined && isSameVersion(current, each.version);
    if (isKept) given.set(source, { version: current, at: each.at, failed });
  }
  for (const [source, version] of versions.changed) {
    const isOnTrial = isUnfinished && (!isFailing || before.has(source));
    if (given.has(source) || !(phase === 'healthy' || isOnTrial)) continue;
    given.set(source, { version, at: now, failed: false });
  }
  return given;
}

/** Few sources change at once. Versions beyond that are not on trial. */
const mostGiven = 50;

/** As members of `/rollout-history`. */
export function givenMembers(given: Given): Readonly<Record<string, object>> {
  const kept = [...given].slice(0, mostGiven);
  return Object.fromEntries(
    kept.map(([source, { version, at, failed }]) => [
      source,
      { version, at: timeText(at), ...(failed ? { failed } : {}) },
    ]),
  );
}

/** Leaves out each entry that is invalid: anybody may have written it. */
export function parseGiven(members: unknown): Given {
  const given = new Map<string, GivenVersion>();
  if (typeof members !== 'object' || members === null) return given;
  for (const [source, member] of Object.entries(members).slice(0, mostGiven)) {
    if (typeof member !== 'object' || member === null) continue;
    const { version, at, failed } = member as Readonly<Record<string, unknown>>;
    const time = writtenTime(at);
    if (!isRecordName(source) || typeof version !== 'string' || time === undefined) continue;
    given.set(source, { version, at: time, failed: failed === true });
  }
  return given;
}
