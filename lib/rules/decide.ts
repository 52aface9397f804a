import { shortList } from '../text/short-list.ts';
import type { PodsReading } from './adoption/pods.ts';
import { type Currency, currencyOf } from './adoption/pods-current.ts';
import { type AdoptedRecord, heldTemplate } from './adoption/record.ts';
import { bindingOf } from './adoption/rollout.ts';
import { type ConfigHash, recordName } from './hash/config-hash.ts';
import type { ConfigHashes } from './hash/hashing.ts';
import { matchRecordedHash, type Recorded } from './hash/recorded-hash.ts';
import {
  areComparable,
  boundRecord,
  compareRecords,
  type RecordedKeys,
  type SourceRecord,
  unknownRecord,
  writtenRecord,
} from './hash/source-record.ts';
import { podsMeanwhile, whyPodsMayBeStale } from './lost-hash.ts';
import type { Reading } from './reading.ts';
import type { Reason } from './reason.ts';
import { type Reference, sourceKey } from './references.ts';
import { identityOf, resolve } from './resolve.ts';
import type { Workload } from './workload.ts';

/** What a pass does to one workload. */
export interface Decision {
  readonly reason: Reason;
  /** One sentence for log, Event, report and plan. It never contains the value of a source. */
  readonly sentence: string;
  /** Sources that differ from the record, as in `/config-sources`. */
  readonly changed: readonly string[];
  /** What to write to the template; undefined if nothing is to be written. */
  readonly hashAnnotations: HashAnnotations | undefined;
  /** What to record instead of restarting. */
  readonly adopt?: AdoptedRecord;
  /** The new `/rollout-history`, written together with the hash; absent: unchanged. */
  readonly history?: string;
  /** What prevents its Pods from running with its current template, as sentences. */
  readonly blockers?: readonly string[];
  /** What is known about its Pods if no hash is written to a template without one, as a clause. */
  readonly podsMeanwhile?: string;
}

/** The two annotations of the pod template. */
export interface HashAnnotations {
  readonly hash: string;
  /** JSON, as in `/config-sources`. */
  readonly sources: string;
  /**
   * The hashes of the same configuration with earlier keys, if the template has no hash: the
   * removed hash may have been one of these.
   */
  readonly alike: readonly string[];
}

/** Readings by `sourceKey`, one for each reference of the workload. */
export type Readings = ReadonlyMap<string, Reading>;

/** The result of reading the sources of a workload. */
export interface SourcesSeen {
  readonly readings: Readings;
  readonly hashes: ConfigHashes;
  /** Whether the hash on the template is upstream Wave's hash of the current configuration. */
  readonly carriesHashOfWave: boolean;
  /** Why not all were read: they exceed the bound for one workload. */
  readonly tooLarge: string | undefined;
}

/**
 * Decides what to do with one workload. Pure: equal arguments give equal decisions.
 *
 * @param pods required if `needsPods`
 */
export function decide(workload: Workload, seen: SourcesSeen, pods?: PodsReading): Decision {
  const { configuration } = workload;
  if (workload.deleting) return leaveAlone('Deleting', 'it is being deleted');
  if (configuration.kind === 'refused') {
    return leaveAlone(configuration.reason, configuration.why);
  }
  const { references, note } = configuration;
  const decision = decideAbout(workload, references, seen, pods);
  return note === undefined ? decision : { ...decision, sentence: `${decision.sentence}; ${note}` };
}

function decideAbout(
  workload: Workload,
  references: readonly Reference[],
  { readings, hashes, carriesHashOfWave, tooLarge }: SourcesSeen,
  pods: PodsReading | undefined,
): Decision {
  const { adopted } = workload;
  if (tooLarge !== undefined) return leaveAlone('TooLarge', tooLarge);
  const { missing, unreadable } = resolve(workload, references, readings);
  // Unreadable sources come first: a missing source matters less than a pass that could not do its
  // work.
  if (unreadable.length > 0) return leaveAlone('UnreadableSource', shortList(unreadable));
  if (missing.length > 0) return leaveAlone('MissingSource', shortList(missing));

  const { now, recorded, like, same } = matchRecordedHash(workload, hashes);
  const { hash } = workload.template;
  const who = recorded.on === 'template' ? 'template' : 'record of its adoption';
  if (same && like === now) {
    return upToDate(workload, `the ${who} carries the hash of the current configuration`);
  }
  const keys = workload.restart === undefined ? new Map() : keysOf(workload, references, readings);
  const written = writtenRecord({ ...now, keys });
  const adopt = { template: hash ?? '', config: now.hash, sources: written };
  if (same) {
    const key = like.keyId === undefined ? 'made without a key' : 'made with the previous key';
    const { podTemplate } = recorded.on === 'adopted' ? (adopted ?? {}) : {};
    return {
      reason: 'Adopted',
      sentence: `recorded again without a restart, ${countOf(now)}: the ${who} carries the hash of the current configuration, ${key}`,
      changed: [],
      hashAnnotations: undefined,
      adopt: { ...adopt, ...(podTemplate === undefined ? {} : { podTemplate }) },
    };
  }
  // The Pods use no configuration, so they cannot be outdated. A later configuration is a different
  // one.
  if (now.sources.size === 0 && !carriesHashOfWave) {
    const nothing = `it references no ConfigMap or Secret${references.length === 0 ? '' : ' other than ignored ones'}`;
    if (hash === undefined && adopted === undefined) {
      return leaveAlone('UpToDate', `${nothing}: nothing can restart it`);
    }
    return {
      reason: 'Adopted',
      sentence: `recorded without a restart: ${nothing} now`,
      changed: [],
      hashAnnotations: undefined,
      adopt,
    };
  }
  const alike = hash === undefined ? hashes.earlier.map((each) => each.hash) : [];
  const sources = boundRecord(written, now.hash, workload.template.sources);
  const hashAnnotations = { hash: now.hash, sources, alike };
  const behind =
    hash === undefined
      ? whyPodsMayBeStale(workload, references, { readings, hashes }, pods)
      : undefined;
  if (hash === undefined && adopted === undefined) {
    const doubt = whyNotAdopted(workload, behind);
    if (doubt === undefined) {
      return {
        reason: 'Adopted',
        sentence: `adopted without a restart, ${countOf(now)}: ${whyAdopted(workload)}`,
        changed: [],
        hashAnnotations: undefined,
        adopt,
      };
    }
    return {
      reason: 'FirstSeen',
      sentence: `first seen, ${countOf(now)}${doubt === '' ? '' : `; ${doubt}`}: the hash is written, which restarts it once${restartCaveat(workload)}`,
      changed: [...now.sources.keys()],
      hashAnnotations,
      podsMeanwhile: podsMeanwhile(workload, pods, behind),
    };
  }
  if (carriesHashOfWave) {
    return {
      reason: 'Adopted',
      sentence: `adopted without a restart, ${countOf(now)}: the template carries upstream Wave's hash of the current configuration`,
      changed: [],
      hashAnnotations: undefined,
      adopt,
    };
  }
  const changed = compareRecords(recorded.record, like, true).map(({ source }) => source);
  const isKnown = workload.adoptionEnded === true && recorded.hash === like.hash;
  const what = isKnown ? newTemplate : whatChanged(recorded.record, like);
  const { rollout, restart } = workload;
  const currency: Currency =
    restart === undefined
      ? { state: 'doubtful', why: '' }
      : currencyOf(
          workload,
          { references, readings, before: recorded.record, now: like },
          pods ?? notAskedFor,
        );
  switch (currency.state) {
    case 'current':
      return {
        reason: 'AlreadyCurrent',
        sentence: `${what}; every Pod was created after that: recorded without a restart`,
        changed,
        hashAnnotations: undefined,
        adopt: { ...adopt, ...(rollout && { podTemplate: bindingOf(workload.uid, rollout) }) },
      };
    case 'settling':
      return {
        ...leaveAlone(
          'Settling',
          `${what}; a rollout is in progress, and every new Pod was created after that: the template stays unchanged until the rollout has finished`,
        ),
        changed,
        ...(workload.adoptionEnded ? {} : { adopt: heldRecord(hash, recorded) }),
      };
    case 'doubtful': {
      const doubt = currency.why === '' ? '' : `; its Pods may be outdated: ${currency.why}`;
      return {
        reason: 'ConfigChanged',
        sentence: `${what}${doubt}${restartCaveat(workload)}`,
        changed,
        hashAnnotations,
        ...(hash === undefined
          ? { podsMeanwhile: podsMeanwhile(workload, undefined, behind) }
          : {}),
      };
    }
  }
}

/** The previous record, marked as one that may no longer describe the Pods. */
function heldRecord(template: string | undefined, { hash, record }: Recorded): AdoptedRecord {
  const isKnown = record.sources.size > 0 || record.isEmpty === true;
  const sources = isKnown ? writtenRecord(record) : unknownRecord;
  return { template: template ?? '', config: hash ?? '', sources, podTemplate: heldTemplate };
}

const newTemplate = 'the pod template changed after the configuration was recorded';

const notAskedFor: PodsReading = { state: 'unreadable', why: 'they were not read' };

/** By source, as in `/config-sources`. */
function keysOf(
  { namespace }: Workload,
  references: readonly Reference[],
  readings: Readings,
): ReadonlyMap<string, RecordedKeys> {
  const keys = new Map<string, RecordedKeys>();
  for (const reference of references) {
    const reading = readings.get(sourceKey(reference));
    if (reading?.state !== 'present' || reading.keys === undefined) continue;
    const { keys: names, immutable } = reading;
    keys.set(recordName(identityOf(reference, namespace)), { names, immutable });
  }
  return keys;
}

function whatChanged(before: SourceRecord, now: SourceRecord): string {
  const differences = compareRecords(before, now, true).map(
    ({ source, how }) => `${source} ${how}`,
  );
  const some = differences.length > 0;
  const known = some ? shortList(differences) : 'the configuration changed';
  if (!areComparable(before, now)) {
    return `${known} (the record was made with an unknown hash key, so it does not say which values changed)`;
  }
  return some ? known : `${known} (the template has no record of its sources)`;
}

/**
 * Whether `decide` needs the Pods of the workload: if the record is missing or differs from the
 * current configuration.
 */
export function needsPods(
  workload: Workload,
  { hashes, readings, carriesHashOfWave, tooLarge }: SourcesSeen,
): boolean {
  const { template, adoptionFacts, configuration, deleting, adopted, restart } = workload;
  if (configuration.kind !== 'references' || deleting || tooLarge !== undefined) return false;
  const isFirst = template.hash === undefined && adopted === undefined;
  const isAsked = isFirst ? dependsOnPods(adoptionFacts) : restart !== undefined;
  if (!isAsked || carriesHashOfWave || hashes.now.sources.size === 0) return false;
  const { missing, unreadable } = resolve(workload, configuration.references, readings);
  return missing.length + unreadable.length === 0 && !matchRecordedHash(workload, hashes).same;
}

/**
 * With `baseline`, Pods are assumed to be current, unless a hash was written because they were not.
 */
function dependsOnPods(adoptionFacts: Workload['adoptionFacts']): boolean {
  if (adoptionFacts === undefined) return false;
  const { adoption, lost, podless } = adoptionFacts;
  return adoption === 'if-changed' || (adoption === 'baseline' && lost !== undefined && !podless);
}

/** Undefined if nothing prevents adoption; empty if adoption is not configured. */
function whyNotAdopted(
  { adoptionFacts }: Workload,
  behind: string | undefined,
): string | undefined {
  if (adoptionFacts === undefined || adoptionFacts.adoption === 'stamp') return '';
  if (adoptionFacts.adoption === 'baseline' && adoptionFacts.lost === undefined) return undefined;
  return behind;
}

function whyAdopted({ adoptionFacts }: Workload): string {
  if (adoptionFacts?.lost !== undefined && adoptionFacts.podless) return 'none of its Pods runs';
  return adoptionFacts?.adoption === 'baseline' && adoptionFacts.lost === undefined
    ? 'its Pods are assumed to be current'
    : 'no source was written after its Pods were created';
}

function leaveAlone(reason: Reason, sentence: string): Decision {
  return { reason, sentence, changed: [], hashAnnotations: undefined };
}

function upToDate({ behind }: Workload, current: string): Decision {
  const decision = leaveAlone('UpToDate', current);
  if (behind === undefined) return decision;
  const { progress, blockers } = behind;
  const why = blockers.length === 0 ? '' : `; ${shortList(blockers)}`;
  return {
    ...decision,
    sentence: `${current}; its Pods: ${progress}${why}`,
    ...(blockers.length === 0 ? {} : { blockers }),
  };
}

function countOf({ sources }: ConfigHash): string {
  return sources.size === 1 ? '1 source' : `${sources.size} sources`;
}

function restartCaveat({ podsFollow }: Workload): string {
  if (podsFollow === 'when resumed') return '; it is paused: Pods restart when it is resumed';
  if (podsFollow === 'when deleted') {
    return '; its update strategy is OnDelete: Pods restart when they are deleted';
  }
  return '';
}
