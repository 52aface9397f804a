import type { RolloutState } from '../../kubernetes/kinds.ts';
import { isRecordName, recordName } from '../../kubernetes/names.ts';
import { timeText, writtenTime } from '../../text/rfc3339.ts';
import type { Reading } from '../reading.ts';
import { type Reference, sourceKey } from '../references.ts';
import { identityOf } from '../resolve.ts';
import { placeEnd } from './place-end.ts';

/**
 * A version of a source: its uid, its resourceVersion and the time of the last write of its data, separated
 * by commas. The time is empty if it is not known.
 *
 * The resourceVersion alone is not enough: it also changes when somebody adds a label, or when a pass adds an
 * owner reference.
 */
export type SourceVersion = string;

/** The versions by source, named as in `/config-sources`. */
export type SourceVersions = ReadonlyMap<string, SourceVersion>;

/**
 * A version of a source that a workload got while the workload was healthy. The version is on trial
 * in this workload: if the rollout fails, this version may be the cause.
 */
export interface GivenVersion {
  readonly version: SourceVersion;
  /** The time at which the workload got this version, in milliseconds since 1970. */
  readonly at: number;
  /** Whether the rollout had failed when the next hash was written to the workload. */
  readonly failed: boolean;
}

/** The given versions by source, named as in `/config-sources`. */
export type Given = ReadonlyMap<string, GivenVersion>;

/**
 * The versions of the sources that exist and are not ignored.
 *
 * @param changed the names of the sources to include. If it is empty, it is not known which sources
 * changed, and all sources are included
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
    versions.set(source, versionOf(reading));
  }
  return versions;
}

function versionOf({ uid, owners, writtenAt, mounted }: PresentReading): SourceVersion {
  if (mounted === undefined) return [uid, owners.resourceVersion, writtenAt ?? ''].join(',');
  // The mounted objects can change without a write of the SecretProviderClass.
  const objects = mounted.state === 'agreed' ? mounted.objects : '';
  return [uid, `${owners.resourceVersion}:${objects}`, ''].join(',');
}

type PresentReading = Extract<Reading, { readonly state: 'present' }>;

/** Whether both versions are of the same object with the same data. */
export function isSameVersion(one: SourceVersion, other: SourceVersion): boolean {
  const [uid, resourceVersion, writtenAt = ''] = one.split(',');
  const [otherUid, otherVersion, otherWrittenAt] = other.split(',');
  if (uid !== otherUid) return false;
  return resourceVersion === otherVersion || (writtenAt !== '' && writtenAt === otherWrittenAt);
}

export interface Rollout {
  /** The time at which the hash was written, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly state: RolloutState;
}

/**
 * Whether it is known that the rollout of a workload failed after the workload got this version.
 */
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
      // If a Deployment returns to an earlier ReplicaSet, its condition still describes the earlier
      // rollout for a while. This condition says nothing about this version.
      return !(saidAt < at) || now >= at + (ownDeadlineMs ?? 0);
    case 'if late':
      return now >= at + progressDeadlineMs;
    case 'not known':
      // A later hash has restarted the deadline in the controller, so the report of the controller
      // would come too late.
      return (
        ownDeadlineMs !== undefined &&
        startedAt > at &&
        now >= placeEnd(at, state, progressDeadlineMs)
      );
  }
}

/**
 * The versions that are on trial after a hash is written to a workload at `now`.
 *
 * - If the workload is healthy, all versions that it gets now are on trial.
 * - If its last rollout is unfinished and has not failed, the versions that it gets now are added
 *   to the versions on trial. If it keeps a version that is on trial, this version stays on trial.
 *   Otherwise, this write would erase a failure.
 * - If its last rollout has failed, or no version was on trial, the workload was failing before. So
 *   a version that it gets now is on trial only if it replaces a version on trial, because a
 *   correction may be bad as well.
 *
 * @param before the versions on trial; empty if the template no longer has the hash with which the
 * workload got them
 * @param versions the versions of all sources of the workload, and the versions that the workload
 * gets now
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

/**
 * The maximum number of versions on trial. If a workload gets more versions, the further versions
 * are not on trial. Usually, few sources change at the same time.
 */
const mostGiven = 50;

/** The versions as the object `given` in `/rollout-history`. */
export function givenMembers(given: Given): Readonly<Record<string, object>> {
  const kept = [...given].slice(0, mostGiven);
  return Object.fromEntries(
    kept.map(([source, { version, at, failed }]) => [
      source,
      { version, at: timeText(at), ...(failed ? { failed } : {}) },
    ]),
  );
}

/**
 * Reads the object `given`. It ignores invalid entries, because any client may have written them.
 */
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
