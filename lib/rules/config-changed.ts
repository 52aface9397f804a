import { shortList } from '../text/short-list.ts';
import type { PodsReading } from './adoption/pods.ts';
import { type Currency, currencyOf } from './adoption/pods-current.ts';
import { type AdoptedRecord, heldTemplate } from './adoption/record.ts';
import { bindingOf } from './adoption/rollout.ts';
import { adoptedNow, type Compared, restartCaveat, staleness, writingHash } from './compared.ts';
import { leaveAlone, type Proposal } from './decision.ts';
import type { Recorded } from './hash/recorded-hash.ts';
import {
  areComparable,
  compareRecords,
  type SourceRecord,
  unknownRecord,
  writtenRecord,
} from './hash/source-record.ts';
import { podsMeanwhile } from './pod-staleness.ts';

/**
 * Proposes what to do with a workload if its recorded configuration differs from the current
 * configuration. Pure.
 */
export function proposeChange(compared: Compared): Proposal {
  const { workload, recorded, like, onlyRotated } = compared;
  const changed = compareRecords(recorded.record, like, true).map(({ source }) => source);
  const isKnown = workload.adoptionEnded === true && recorded.hash === like.hash;
  const what = isKnown
    ? newTemplate
    : onlyRotated
      ? objectsChanged(changed)
      : whatChanged(recorded.record, like);
  const currency = currencyIfAsked(compared);
  switch (currency.state) {
    case 'current':
      return { ...alreadyCurrent(compared, what, everyPod), changed };
    case 'settling':
      return { ...settling(compared, what, everyNewPod), changed };
    case 'doubtful':
      return { ...restarting(compared, what, currency.why), changed };
  }
}

const everyPod = 'every Pod was created after that';
const everyNewPod = 'every new Pod was created after that';

export const newTemplate = 'the pod template changed after the configuration was recorded';

const notAskedFor: PodsReading = { state: 'unreadable', why: 'they were not read' };

function currencyIfAsked(compared: Compared): Currency {
  const { workload, references, seen, recorded, like, pods, onlyRotated } = compared;
  if (workload.restart === undefined) return { state: 'doubtful', why: '' };
  const { readings } = seen;
  const sources = { references, readings, before: recorded.record, now: like, onlyRotated };
  return currencyOf(workload, sources, pods ?? notAskedFor);
}

/** @param classes the names in the record `config-sources`: `SecretProviderClass/vault` */
export function objectsChanged(classes: readonly string[]): string {
  return `mounted objects of ${shortList(classes)} changed`;
}

/** The proposal to record the current configuration, because all Pods run with it. */
export function alreadyCurrent(compared: Compared, what: string, why: string): Proposal {
  const { uid, rollout } = compared.workload;
  const adopt = adoptedNow(compared);
  return {
    ...leaveAlone('AlreadyCurrent', `${what}; ${why}: recorded without a restart`),
    adopt: { ...adopt, ...(rollout && { podTemplate: bindingOf(uid, rollout) }) },
  };
}

/** The proposal to wait for a rollout in progress. After it, all Pods run with the current configuration. */
export function settling({ workload, recorded }: Compared, what: string, why: string): Proposal {
  return {
    ...leaveAlone(
      'Settling',
      `${what}; a rollout is in progress, and ${why}: the template stays unchanged until the rollout has finished`,
    ),
    ...(workload.adoptionEnded ? {} : { adopt: heldRecord(workload.template.hash, recorded) }),
  };
}

function restarting(compared: Compared, what: string, why: string): Proposal {
  const { workload } = compared;
  const doubt = why === '' ? '' : `; its Pods may be outdated: ${why}`;
  return {
    ...leaveAlone('ConfigChanged', `${what}${doubt}${restartCaveat(workload)}`),
    ...writingHash(compared),
    ...(workload.template.hash === undefined
      ? { podsMeanwhile: podsMeanwhile(workload, undefined, staleness(compared)) }
      : {}),
  };
}

/**
 * The recorded configuration, in the form of a record that no longer describes the Pods
 * (`heldTemplate`).
 */
function heldRecord(template: string | undefined, { hash, record }: Recorded): AdoptedRecord {
  const isKnown = record.sources.size > 0 || record.isEmpty === true;
  const sources = isKnown ? writtenRecord(record) : unknownRecord;
  return { template: template ?? '', config: hash ?? '', sources, podTemplate: heldTemplate };
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
