import { anySource } from '../kubernetes/kinds.ts';
import { shortList } from '../text/short-list.ts';
import type { PodsReading } from './adoption/pods.ts';
import { adoptedNow, type Compared, compared, countOf } from './compared.ts';
import { proposeChange } from './config-changed.ts';
import { leaveAlone, type Proposal } from './decision.ts';
import { proposeFirst } from './first-seen.ts';
import { matchRecordedHash, type Recorded } from './hash/recorded-hash.ts';
import type { Reference } from './references.ts';
import { resolve } from './resolve.ts';
import { proposeRotation, whileRotating } from './rotation.ts';
import type { SourcesSeen } from './sources-seen.ts';
import type { Workload } from './workload.ts';

/**
 * Proposes what to do with one workload, according to its configuration. Pure: the same arguments
 * give the same proposal.
 *
 * @param pods required if `needsPods`
 */
export function decide(workload: Workload, seen: SourcesSeen, pods?: PodsReading): Proposal {
  const { configuration } = workload;
  if (workload.deleting) return leaveAlone('Deleting', 'it is being deleted');
  if (configuration.kind === 'refused') {
    return leaveAlone(configuration.reason, configuration.why);
  }
  const { references, note } = configuration;
  const proposal = propose(workload, references, seen, pods);
  return note === undefined ? proposal : { ...proposal, notes: [note] };
}

function propose(
  workload: Workload,
  references: readonly Reference[],
  seen: SourcesSeen,
  pods: PodsReading | undefined,
): Proposal {
  const { readings, hashes, carriesHashOfWave, tooLarge } = seen;
  if (tooLarge !== undefined) return leaveAlone('TooLarge', tooLarge);
  const { missing, unreadable } = resolve(workload, references, readings);
  // Unreadable sources come first: if a pass could not do its work, that matters more than a
  // missing source.
  if (unreadable.length > 0) return leaveAlone('UnreadableSource', shortList(unreadable));
  if (missing.length > 0) return leaveAlone('MissingSource', shortList(missing));

  const match = matchRecordedHash(workload, hashes);
  if (match.same && match.like === match.now) {
    return whileRotating(workload, references, readings) ?? upToDate(workload, match.recorded);
  }
  const all = compared(workload, references, seen, pods, match);
  if (match.same) return underNewKey(all);
  // If the workload has no sources, its Pods cannot be outdated. If a source is added later, the
  // configuration has changed.
  if (match.now.sources.size === 0 && !carriesHashOfWave) return withoutSources(all);
  if (workload.template.hash === undefined && workload.adopted === undefined) {
    return proposeFirst(all);
  }
  if (carriesHashOfWave) return fromWave(all);
  return proposeRotation(all) ?? proposeChange(all);
}

/**
 * The proposal for a workload that has the hash of the current configuration. Its Pods may still
 * have an earlier template.
 */
function upToDate({ behind }: Workload, recorded: Recorded): Proposal {
  const current = `the ${carrier(recorded)} carries the hash of the current configuration`;
  if (behind === undefined) return leaveAlone('UpToDate', current);
  const { progress, blockers } = behind;
  const why = blockers.length === 0 ? '' : `; ${shortList(blockers)}`;
  const proposal = leaveAlone('UpToDate', `${current}; its Pods: ${progress}${why}`);
  return blockers.length === 0 ? proposal : { ...proposal, blockers };
}

function underNewKey(all: Compared): Proposal {
  const { workload, now, like, recorded } = all;
  const key = like.keyId === undefined ? 'made without a key' : 'made with the previous key';
  const { podTemplate } = recorded.on === 'adopted' ? (workload.adopted ?? {}) : {};
  return {
    ...leaveAlone(
      'Adopted',
      `recorded again without a restart, ${countOf(now)}: the ${carrier(recorded)} carries the hash of the current configuration, ${key}`,
    ),
    adopt: { ...adoptedNow(all), ...(podTemplate === undefined ? {} : { podTemplate }) },
  };
}

function withoutSources(all: Compared): Proposal {
  const { workload, references } = all;
  const nothing = `it references no ${anySource}${references.length === 0 ? '' : ' other than ignored ones'}`;
  if (workload.template.hash === undefined && workload.adopted === undefined) {
    return leaveAlone('UpToDate', `${nothing}: nothing can restart it`);
  }
  return {
    ...leaveAlone('Adopted', `recorded without a restart: ${nothing} now`),
    adopt: adoptedNow(all),
  };
}

function fromWave(all: Compared): Proposal {
  return {
    ...leaveAlone(
      'Adopted',
      `adopted without a restart, ${countOf(all.now)}: the template carries upstream Wave's hash of the current configuration`,
    ),
    adopt: adoptedNow(all),
  };
}

function carrier({ on }: Recorded): string {
  return on === 'template' ? 'template' : 'record of its adoption';
}
