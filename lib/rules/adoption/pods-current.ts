/**
 * Whether the Pods of a workload run with the current configuration, or may run with an earlier
 * one. Pure.
 *
 * A Pod reads its sources after its creation. So a Pod that was created after the last write of all
 * its sources has read the current data, and a Pod without a node has read nothing yet. All times
 * come from API servers, and there may be several, hence the tolerance. Anything uncertain counts
 * as a doubt: an unnecessary restart does less harm than an outdated Pod.
 */

import { workloadEntry } from '../../kubernetes/kinds.ts';
import { recordName } from '../../kubernetes/names.ts';
import { areComparable, type SourceRecord } from '../hash/source-record.ts';
import type { Mounted } from '../mounted.ts';
import { matchesPattern } from '../name-pattern.ts';
import type { Reading, Readings } from '../reading.ts';
import { type Reference, sourceKey } from '../references.ts';
import { identityOf } from '../resolve.ts';
import type { Workload } from '../workload.ts';
import { hasPodsOfRevisions, isSettled, runnerOf, sortedPods } from './own-pods.ts';
import type { PodGroup, PodsReading } from './pods.ts';

export type Currency =
  | { readonly state: 'current' }
  /**
   * The Pods with the newest template run with the current configuration, and the other Pods are
   * being replaced.
   */
  | { readonly state: 'settling' }
  | { readonly state: 'doubtful'; readonly why: string };

/** The facts about the sources. */
export interface SourcesOfPods {
  readonly references: readonly Reference[];
  readonly readings: Readings;
  /** Undefined if the workload is seen for the first time, so there is no record. */
  readonly before: SourceRecord | undefined;
  /** The current configuration, hashed like `before`. */
  readonly now: SourceRecord;
  /** Whether only the versions of mounted objects differ from `before`. */
  readonly onlyRotated?: boolean;
}

/** How long a rollout may take for a kind that has no progress deadline. */
const progressDeadlineMs = 600_000;

export function currencyOf(
  workload: Workload,
  sources: SourcesOfPods,
  pods: PodsReading,
): Currency {
  const { rollout } = workload;
  if (rollout === undefined) return doubtful('its rollout is unknown');
  if (workload.mayBeRunByOther) {
    return doubtful('a workload that could not be read may use its pod template');
  }
  const { kind } = runnerOf(workload);
  if (workloadEntry(kind).pods.controlledBy === 'unknown') {
    return doubtful(`which Pods of a ${kind} have its current template is unknown`);
  }
  if (pods.state === 'unreadable') return doubtful(`its Pods could not be read: ${pods.why}`);
  const { own, counted, wantsOlder, knowsNewest } = sortedPods(workload, rollout, pods);
  const why = doubtOf(workload, sources, counted);
  if (why !== undefined) return doubtful(why);

  // Pods that are created from now on read the current data.
  if (own.length === 0 && !wantsOlder) return { state: 'current' };
  if (!wantsOlder && knowsNewest && isSettled(workload)) return { state: 'current' };
  const never = whyNeverDone(workload, knowsNewest, pods.readAt);
  return never === undefined ? { state: 'settling' } : doubtful(never);
}

function doubtful(why: string): Currency {
  return { state: 'doubtful', why };
}

/** Why the rollout in progress may never finish; undefined if waiting for it makes sense. */
function whyNeverDone(workload: Workload, knowsNewest: boolean, now: number): string | undefined {
  const { rollout, podsFollow } = workload;
  if (podsFollow === 'when resumed') return 'it is paused, with Pods of an earlier template';
  if (podsFollow === 'when deleted') {
    return 'its update strategy is OnDelete, and Pods of an earlier template still run';
  }
  if (podsFollow === 'when promoted') return 'its strategy waits until somebody promotes it';
  if (rollout?.partial) return 'its partition keeps Pods on an earlier template';
  if (rollout?.deadlineExceeded) return 'its rollout has exceeded its progress deadline';
  if (hasPodsOfRevisions(workload) && rollout?.observed) {
    const { revisions } = workloadEntry(runnerOf(workload).kind);
    return knowsNewest ? undefined : `no ${revisions?.kind} has its pod template`;
  }
  const since = Date.parse(rollout?.templateWrittenAt ?? '');
  if (Number.isNaN(since)) return 'it is unknown when its rollout started';
  if (now - since <= progressDeadlineMs) return undefined;
  return `its rollout has not finished within ${progressDeadlineMs / 60_000} minutes of ${rollout?.templateWrittenAt}`;
}

/** Why Pods may have read earlier data; undefined if they have read the current data. */
function doubtOf(
  workload: Workload,
  sources: SourcesOfPods,
  groups: readonly PodGroup[],
): string | undefined {
  const started = groups.flatMap(({ oldest }) => oldest ?? []);
  if (started.length === 0) return undefined;
  const { before, now } = sources;
  if (before !== undefined) {
    const isKnown = before.sources.size > 0 || before.isEmpty === true;
    if (!isKnown || before.leftOut || now.leftOut) {
      return 'no record says which sources its Pods read';
    }
    if (!areComparable(before, now)) {
      return 'the record of its sources was made with another hash key';
    }
  }
  for (const reference of sources.references) {
    const why = whyPodsMayLackSource(workload, reference, sources, started);
    if (why !== undefined) return why;
  }
  const gone = goneMatch(workload, sources);
  return gone && `${gone} does not exist any more, and it is unknown since when`;
}

/** A source that a pattern matched when the configuration was recorded, and that no longer exists. */
function goneMatch(
  { namespace, configuration }: Workload,
  { references, before }: SourcesOfPods,
): string | undefined {
  const patterns = configuration.kind === 'references' ? (configuration.patterns ?? []) : [];
  if (before === undefined || patterns.length === 0) return undefined;
  const known = new Set(references.map((each) => recordName(identityOf(each, namespace))));
  return [...before.sources.keys()].find(
    (label) =>
      !known.has(label) &&
      patterns.some(({ kind, pattern }) => {
        const [of, name = '', ...rest] = label.split('/');
        return of === kind && rest.length === 0 && matchesPattern(pattern, name);
      }),
  );
}

function whyPodsMayLackSource(
  { namespace, clockToleranceMs }: Workload,
  reference: Reference,
  { readings, before, now, onlyRotated }: SourcesOfPods,
  started: readonly { readonly name: string; readonly createdAt: string }[],
): string | undefined {
  const label = recordName(identityOf(reference, namespace));
  const reading = readings.get(sourceKey(reference));
  const recorded = before?.sources.get(label);
  if (reading === undefined || reading.state === 'unreadable') return `${label} could not be read`;
  if (reading.state === 'absent') {
    if (reference.ifMatched || reference.ifPresent || recorded === '-') return undefined;
    return `${label} does not exist, and it is unknown since when`;
  }
  if (reading.ignored) return undefined;

  const isSame =
    recorded !== undefined &&
    (recorded === now.sources.get(label) || recorded === now.digests?.get(label));
  const lost = whyKeysMayBeLost(label, reference, reading, recorded, isSame, before);
  if (lost !== undefined) return lost;

  const specMayDiffer = !isSame && recorded !== undefined && onlyRotated !== true;
  const mount = reading.mounted && whyMountMayBeOld(label, reading.mounted, specMayDiffer);
  if (mount !== undefined) return mount;

  const { writtenAt } = reading;
  const written = Date.parse(writtenAt ?? '');
  if (Number.isNaN(written)) return `it is unknown when ${label} was last written`;
  const older = started.find(
    ({ createdAt }) => !(Date.parse(createdAt) - written > clockToleranceMs),
  );
  if (older === undefined) return undefined;
  const by = clockToleranceMs === 0 ? 'after' : `more than ${clockToleranceMs / 1000} s after`;
  return `Pod ${older.name} was created at ${older.createdAt || 'an unknown time'}, not ${by} the last write of ${label} at ${writtenAt}`;
}

/** Compares no times of the mounted objects, because these are not known. */
function whyMountMayBeOld(
  label: string,
  mounted: Mounted,
  specMayDiffer: boolean,
): string | undefined {
  // If a parameter was removed, managedFields do not contain the time.
  if (specMayDiffer) return `${label} may have lost a parameter`;
  switch (mounted.state) {
    case 'agreed':
      return mounted.rotatedIn === undefined
        ? undefined
        : `Pod ${mounted.rotatedIn} started with other objects of ${label}`;
    case 'different':
      return `Pods ${mounted.pods.join(' and ')} have different objects of ${label}`;
    case 'unknown':
    case 'unreadable':
      return `it is unknown which objects of ${label} its Pods have: ${mounted.why}`;
  }
}

/** managedFields contain no time for a removed key, so the keys must be compared. */
function whyKeysMayBeLost(
  label: string,
  { keys }: Reference,
  reading: Reading,
  recorded: string | undefined,
  isSame: boolean,
  before: SourceRecord | undefined,
): string | undefined {
  if (reading.state !== 'present' || isSame) return undefined;
  if (recorded === undefined || recorded === '-') {
    const [absent] = keys === 'all' ? [] : [...reading.absentKeys].filter((key) => keys.has(key));
    return absent === undefined
      ? undefined
      : `${label} has no key ${absent}, and it is unknown since when`;
  }
  const known = before?.keys?.get(label);
  if (known === undefined || reading.keys === undefined) {
    return `the record of its sources does not name the keys of ${label}`;
  }
  // A kubelet keeps an immutable source as long as a Pod on its node uses it.
  if (reading.immutable || known.immutable) return `${label} is immutable and was created again`;
  const now = reading.keys;
  const lost = [...known.names].find((key) => (keys === 'all' || keys.has(key)) && !now.has(key));
  return lost === undefined ? undefined : `${label} lost a key`;
}
