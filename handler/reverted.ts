import type { Clock } from '../lib/clock.ts';
import type { Decision } from '../lib/decide.ts';
import { WaveCronError } from '../lib/errors.ts';
import { type EventName, stampEvent } from '../lib/event.ts';
import type { FairLimit } from '../lib/fair-limit.ts';
import type { Cluster } from '../lib/kubernetes/cluster.ts';
import type { Reason } from '../lib/reason.ts';
import { afterWrites } from '../lib/reverted.ts';
import type { Workload } from '../lib/workload.ts';

/** What asking for the events of earlier writes needs of the pass. */
export interface RevertedMeans {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly writes: FairLimit;
  /** Throws PassStopped where no write may begin any more. */
  readonly beforeWrite: () => void;
  readonly lastTry: AbortSignal;
}

/**
 * The decision, or Reverted where its hash has been written often enough and is gone each time.
 *
 * A tool that replaces a workload takes away whatever we could note on it, so the events that told
 * the writes are the memory. Where they cannot be asked, nothing is known of earlier writes.
 *
 * @throws what `beforeWrite` throws, and the reason of `lastTry`
 */
export async function unlessReverted(
  workload: Workload,
  decision: Decision,
  { cluster, clock, writes, beforeWrite, lastTry }: RevertedMeans,
): Promise<Decision> {
  const { stamp, reason } = decision;
  // A template that has a hash has not lost it: it is of another configuration.
  if (stamp === undefined || workload.template.hash !== undefined) return decision;
  // Nothing was ever written to a spec that has never changed.
  if (workload.firstSight?.changedBefore === false) return decision;
  const event = (of: Reason, hash: string) => stampEvent(workload, of, hash);

  async function ifAllowed<T>(request: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await writes.run(workload.namespace, () => {
        beforeWrite();
        return request();
      });
    } catch (error) {
      lastTry.throwIfAborted();
      if (!(error instanceof WaveCronError)) throw error;
      return otherwise;
    }
  }
  const timesTold = (name: EventName) =>
    ifAllowed(() => cluster.timesTold(name, { beforeTry: beforeWrite, lastTry }), 0);

  // It may have been written first because the configuration changed, which has its own event.
  const other = reason === 'FirstSeen' ? 'ConfigChanged' : 'FirstSeen';
  const timesWritten = async (hash: string): Promise<number> => {
    const own = await timesTold(event(reason, hash));
    return own === 1 ? own + (await timesTold(event(other, hash))) : own;
  };
  const written: { readonly hash: string; readonly times: number }[] = [];
  for (const hash of [stamp.hash, ...stamp.alike]) {
    written.push({ hash, times: await timesWritten(hash) });
  }
  const known = afterWrites(
    workload,
    decision,
    written.reduce((sum, { times }) => sum + times, 0),
  );
  if (known.stamp === undefined) {
    // An event that expires would let it all begin again.
    const now = clock.wallTime();
    for (const { hash, times } of written.filter(({ times }) => times > 0)) {
      const call = { beforeTry: beforeWrite, lastTry };
      await ifAllowed(() => cluster.keepTold(event(reason, hash), times, now, call), undefined);
    }
  }
  return known;
}
