import type { PodsReading } from '../lib/adoption/pods.ts';
import { systemClock } from '../lib/clock.ts';
import { type Decision, decide, type SourcesSeen } from '../lib/decide.ts';
import type { FairLimit } from '../lib/fair-limit.ts';
import type { Cluster } from '../lib/kubernetes/cluster.ts';
import type { EventObject } from '../lib/kubernetes/inquiry.ts';
import type { Workload } from '../lib/workload.ts';
import { unlessReverted } from './reverted.ts';

/** What is known about a workload, from reading alone. */
export interface Known {
  readonly sources: SourcesSeen;
  readonly pods: PodsReading | undefined;
  /** Of wave-cron about it; undefined where they could not be read. */
  readonly events: readonly EventObject[] | undefined;
}

/**
 * What a pass would decide, with nothing written: a pass asks for the events of its earlier writes
 * by patching them, so here those that were listed answer in their place.
 */
export async function expectedDecision(
  workload: Workload,
  { sources, pods, events = [] }: Known,
  cluster: Cluster,
  writes: FairLimit,
  signal: AbortSignal,
): Promise<Decision> {
  const listed: Cluster = {
    ...cluster,
    timesTold: async ({ name }) => {
      const event = events.find(({ metadata }) => metadata?.name === name);
      return event === undefined ? 0 : (event.series?.count ?? 1);
    },
    keepTold: async () => undefined,
  };
  return await unlessReverted(workload, decide(workload, sources, pods), {
    cluster: listed,
    clock: systemClock,
    writes,
    beforeWrite: () => undefined,
    lastTry: signal,
  });
}

/** Whether a pass, with rights of its own, would decide the same. */
export function isCertain(
  { template, firstSight }: Workload,
  { reason, stamp }: Decision,
  { pods, events }: Pick<Known, 'pods' | 'events'>,
): boolean {
  if (reason === 'UnreadableSource' || pods?.state === 'unreadable') return false;
  // What was written to a template and taken off again is in the events only.
  const mayHaveLost =
    stamp !== undefined && template.hash === undefined && firstSight?.changedBefore !== false;
  return !mayHaveLost || events !== undefined;
}
