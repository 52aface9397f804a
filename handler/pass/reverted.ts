import type { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { WaveCronError } from '../../lib/errors.ts';
import type { Cluster, EventCount } from '../../lib/kubernetes/cluster.ts';
import type { PodsReading } from '../../lib/rules/adoption/pods.ts';
import { type Decision, decide, type SourcesSeen } from '../../lib/rules/decide.ts';
import { rolloutEvent } from '../../lib/rules/event.ts';
import { isOfNow } from '../../lib/rules/pod-staleness.ts';
import { afterWrites } from '../../lib/rules/reverted.ts';
import type { AdoptionFacts, Workload } from '../../lib/rules/workload.ts';
import type { Clock } from '../../lib/schedule/clock.ts';

/** What asking for the events of earlier writes needs of the pass. */
export interface RevertedDeps {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly writes: FairLimit;
  /** Throws PassStopped where no write may begin any more. */
  readonly assertMayWrite: () => void;
  readonly stopRetrying: AbortSignal;
  readonly pods: (workload: Workload, seen: SourcesSeen) => Promise<PodsReading | undefined>;
}

/** What the events say of how often one hash was written. */
interface Written {
  readonly hash: string;
  /** Of the event that goes on counting. */
  readonly reason: WriteReason;
  readonly times: number;
  readonly at: string | undefined;
}

type WriteReason = 'FirstSeen' | 'ConfigChanged';

/**
 * What is decided about a workload, with what is remembered of hashes that were written to a template
 * which carries none now: a lost hash is written once more and then no more (Reverted), and its Pods
 * are not taken to be current for nothing.
 *
 * A tool that replaces a workload takes away whatever we could note on it, so the events that told
 * the writes are the memory then. Where they cannot be asked, nothing is known of earlier writes.
 *
 * @throws what `assertMayWrite` and `pods` throw, and the reason of `stopRetrying`
 */
export async function decideWithMemory(
  workload: Workload,
  seen: SourcesSeen,
  { cluster, clock, writes, assertMayWrite, stopRetrying, pods }: RevertedDeps,
): Promise<Decision> {
  const decision = decide(workload, seen, await pods(workload, seen));
  // A template that has a hash has not lost it: it is of another configuration.
  if (workload.template.hash !== undefined) return decision;
  // Nothing was ever written to a spec that has never changed.
  if (workload.adoptionFacts?.changedBefore === false) return decision;
  const call = { assertMayWrite, stopRetrying };

  async function ifAllowed<T>(request: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await writes.run(workload.namespace, () => {
        assertMayWrite();
        return request();
      });
    } catch (error) {
      stopRetrying.throwIfAborted();
      if (!(error instanceof WaveCronError)) throw error;
      return otherwise;
    }
  }
  const eventCountOf = (hash: string, reason: WriteReason): Promise<EventCount> =>
    ifAllowed(() => cluster.eventCount(rolloutEvent(workload, reason, hash), call), never);
  // It may have been written first because the configuration changed, which has its own event.
  const writesOf = async (
    hashes: readonly string[],
    reason: WriteReason,
    isAlone: (times: number) => boolean,
  ): Promise<Written[]> => {
    const other = reason === 'FirstSeen' ? 'ConfigChanged' : 'FirstSeen';
    const written: Written[] = [];
    for (const hash of hashes) {
      const own = await eventCountOf(hash, reason);
      const more = isAlone(own.times) ? never : await eventCountOf(hash, other);
      const times = own.times + more.times;
      const at = [own.at, more.at].sort().findLast((each) => each !== undefined);
      if (times > 0) written.push({ hash, reason: own.times > 0 ? reason : other, times, at });
    }
    return written;
  };
  const decideAfter = async (
    of: Workload,
    planned: Decision,
    written: readonly Written[],
  ): Promise<Decision> => {
    const lost = of.adoptionFacts?.lost;
    const recorded = lost !== undefined && isOfNow(lost, seen.hashes) ? 1 : 0;
    const times = written.reduce((sum, each) => sum + each.times, 0);
    const known = afterWrites(of, planned, Math.max(times, recorded));
    if (known.hashAnnotations === undefined) {
      // An event that expires would let it all begin again.
      const now = clock.wallTime();
      for (const { hash, reason, times } of written) {
        const event = rolloutEvent(workload, reason, hash);
        await ifAllowed(() => cluster.refreshEvent(event, times, now, call), undefined);
      }
    }
    return known;
  };

  const { hashAnnotations, reason } = decision;
  if (hashAnnotations !== undefined) {
    const own = reason === 'FirstSeen' ? reason : 'ConfigChanged';
    const hashes = [hashAnnotations.hash, ...hashAnnotations.alike];
    return decideAfter(workload, decision, await writesOf(hashes, own, (times) => times !== 1));
  }
  const { adoptionFacts } = workload;
  if (adoptionFacts === undefined || !isAdoptedForNothing(decision, adoptionFacts)) return decision;
  const hashes = [seen.hashes.now, ...seen.hashes.earlier].map(({ hash }) => hash);
  const written = await writesOf(hashes, 'ConfigChanged', (times) => times > 1);
  const last = written.toSorted((a, b) => ((a.at ?? '') < (b.at ?? '') ? -1 : 1)).at(-1);
  if (last === undefined) return decision;
  const knowing = { ...workload, adoptionFacts: { ...adoptionFacts, lost: last } };
  const known = decide(knowing, seen, await pods(knowing, seen));
  return known.hashAnnotations === undefined ? known : decideAfter(knowing, known, written);
}

const never: EventCount = { times: 0, at: undefined };

/** Whether its Pods were taken to be current with no record on it that says anything of a write. */
function isAdoptedForNothing(
  { reason, adopt }: Decision,
  { lost, podless }: AdoptionFacts,
): boolean {
  return reason === 'Adopted' && adopt?.template === '' && lost === undefined && !podless;
}
