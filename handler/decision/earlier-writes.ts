import type { PodsReading } from '../../lib/rules/adoption/pods.ts';
import { decide } from '../../lib/rules/decide.ts';
import type { Proposal } from '../../lib/rules/decision.ts';
import { rolloutEvent } from '../../lib/rules/event.ts';
import { isOfNow } from '../../lib/rules/pod-staleness.ts';
import { afterWrites } from '../../lib/rules/reverted.ts';
import type { SourcesSeen } from '../../lib/rules/sources-seen.ts';
import type { AdoptionFacts, Workload } from '../../lib/rules/workload.ts';
import { never, type WriteHistory } from './write-history.ts';

export interface EarlierWritesDeps {
  readonly history: WriteHistory;
  readonly pods: (workload: Workload, seen: SourcesSeen) => Promise<PodsReading | undefined>;
}

type WriteReason = 'FirstSeen' | 'ConfigChanged';

/** The number of writes of one hash, according to the Events. */
interface Written {
  readonly hash: string;
  /** The reason of the Event that counts further writes. */
  readonly reason: WriteReason;
  readonly times: number;
  readonly at: string | undefined;
}

interface EarlierWrites {
  readonly written: readonly Written[];
  /** Why some Events are unknown; undefined if all are known. */
  readonly unknown: string | undefined;
}

/** Whether this template may have had a hash that another client removed. */
export function mayHaveLostHash({ template, adopted, adoptionFacts }: Workload): boolean {
  // Restarts without a new revision do not write the hash to the template.
  if (adopted?.restartAt !== undefined) return false;
  // The template still has a hash, so no hash was removed.
  if (template.hash !== undefined) return false;
  // If the spec has never changed, no hash was ever written to it.
  return adoptionFacts?.changedBefore !== false;
}

/**
 * Adjusts the proposal for a workload of `mayHaveLostHash` to earlier writes of its hash. If the
 * hash was removed, it is written once more. If it is removed again, it is not written any more
 * (Reverted). The Pods count as current only if no earlier write contradicts it.
 *
 * If a tool replaces a workload, it also removes every record on the workload. Then only the Events
 * show the earlier writes.
 *
 * @throws what `history` and `pods` throw
 */
export async function withEarlierWrites(
  workload: Workload,
  seen: SourcesSeen,
  proposal: Proposal,
  deps: EarlierWritesDeps,
): Promise<Proposal> {
  const { hashAnnotations, reason, earlierHashes = [] } = proposal;
  if (hashAnnotations !== undefined) {
    const own = reason === 'FirstSeen' ? reason : 'ConfigChanged';
    const hashes = [hashAnnotations.hash, ...earlierHashes];
    const writes = await ask(workload, hashes, own, (times) => times !== 1, deps);
    return await judge(workload, seen, proposal, writes, deps);
  }
  const facts = workload.adoptionFacts;
  if (facts === undefined || !isAdoptedForNothing(proposal, facts)) return proposal;
  return await beforeAdoption(workload, facts, seen, proposal, deps);
}

/**
 * Checks a proposal that assumes that the Pods are current. The assumption is wrong if an earlier pass wrote a
 * hash because the configuration had changed.
 */
async function beforeAdoption(
  workload: Workload,
  facts: AdoptionFacts,
  seen: SourcesSeen,
  proposal: Proposal,
  deps: EarlierWritesDeps,
): Promise<Proposal> {
  const hashes = [seen.hashes.now, ...seen.hashes.earlier].map(({ hash }) => hash);
  const writes = await ask(workload, hashes, 'ConfigChanged', (times) => times > 1, deps);
  const last = latest(writes.written);
  if (last === undefined) return withUnknown(proposal, writes);
  const knowing = { ...workload, adoptionFacts: { ...facts, lost: last } };
  const known = decide(knowing, seen, await deps.pods(knowing, seen));
  return known.hashAnnotations === undefined
    ? withUnknown(known, writes)
    : await judge(knowing, seen, known, writes, deps);
}

/**
 * @param own the reason of the Event to read first. There can also be an Event with the other
 * reason for the same hash
 * @param suffices gets the count of the first Event, and says whether the other Event need not be
 * read
 */
async function ask(
  workload: Workload,
  hashes: readonly string[],
  own: WriteReason,
  suffices: (times: number) => boolean,
  { history }: EarlierWritesDeps,
): Promise<EarlierWrites> {
  const other = own === 'FirstSeen' ? 'ConfigChanged' : 'FirstSeen';
  const written: Written[] = [];
  for (const hash of hashes) {
    const first = await history.count(rolloutEvent(workload, own, hash));
    if ('unknown' in first) return { written, unknown: first.unknown };
    const more = suffices(first.times)
      ? never
      : await history.count(rolloutEvent(workload, other, hash));
    const { times, at } = 'unknown' in more ? never : more;
    const reason = first.times > 0 ? own : other;
    const last = [first.at, at].sort().findLast((each) => each !== undefined);
    const all = first.times + times;
    if (all > 0) written.push({ hash, reason, times: all, at: last });
    if ('unknown' in more) return { written, unknown: more.unknown };
  }
  return { written, unknown: undefined };
}

/** Adjusts a proposal to write a hash to the earlier writes. */
async function judge(
  workload: Workload,
  { hashes }: SourcesSeen,
  proposal: Proposal,
  writes: EarlierWrites,
  { history }: EarlierWritesDeps,
): Promise<Proposal> {
  const lost = workload.adoptionFacts?.lost;
  const recorded = lost !== undefined && isOfNow(lost, hashes) ? 1 : 0;
  const times = writes.written.reduce((sum, each) => sum + each.times, 0);
  const judged = afterWrites(workload, proposal, Math.max(times, recorded));
  if (judged.hashAnnotations !== undefined) return withUnknown(judged, writes);
  // If these Events expired, the hash would be written again.
  for (const { hash, reason, times: count } of writes.written) {
    await history.refresh(rolloutEvent(workload, reason, hash), count);
  }
  return judged;
}

function withUnknown(proposal: Proposal, { unknown }: EarlierWrites): Proposal {
  if (unknown === undefined) return proposal;
  const note = `whether its hash was written before is unknown: ${unknown}`;
  return { ...proposal, notes: [...proposal.notes, note] };
}

function latest(written: readonly Written[]): Written | undefined {
  return written.toSorted((a, b) => ((a.at ?? '') < (b.at ?? '') ? -1 : 1)).at(-1);
}

/**
 * Whether the proposal assumes that the Pods are current although no record on the workload shows
 * whether a hash was written earlier.
 */
function isAdoptedForNothing(
  { reason, adopt }: Proposal,
  { lost, podless }: AdoptionFacts,
): boolean {
  return reason === 'Adopted' && adopt?.template === '' && lost === undefined && !podless;
}
