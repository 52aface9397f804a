import type { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { type Cluster, eventCountOf } from '../../lib/kubernetes/cluster.ts';
import type { EventObject } from '../../lib/kubernetes/inspector.ts';
import type { PodsReading } from '../../lib/rules/adoption/pods.ts';
import type { Decision, SourcesSeen } from '../../lib/rules/decide.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { systemClock } from '../../lib/schedule/clock.ts';
import { decideWithMemory } from '../pass/reverted.ts';
import type { RolloutPolicy } from '../pass/rollout-policy.ts';
import { podsOf } from '../reading/pods.ts';

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
  rolloutPolicy: RolloutPolicy,
): Promise<Decision> {
  const listed: Cluster = {
    ...cluster,
    eventCount: async ({ name }) => {
      const event = events.find(({ metadata }) => metadata?.name === name);
      return event === undefined ? { times: 0, at: undefined } : eventCountOf(event);
    },
    refreshEvent: async () => undefined,
  };
  const wanted = await decideWithMemory(workload, sources, {
    cluster: listed,
    clock: systemClock,
    writes,
    assertMayWrite: () => undefined,
    stopRetrying: signal,
    pods: async (of, found) =>
      pods ??
      (await podsOf(of, found, {
        cluster,
        clock: systemClock,
        limit: writes.of(of.namespace),
        signal,
      })),
  });
  return await rolloutPolicy.apply(workload, wanted);
}

/** Whether a pass, with permissions of its own, would decide the same. */
export function isCertain(
  { template, adoptionFacts }: Workload,
  { reason, hashAnnotations }: Decision,
  { pods, events }: Pick<Known, 'pods' | 'events'>,
): boolean {
  if (reason === 'UnreadableSource') return false;
  if (pods?.state === 'unreadable' && adoptionFacts?.adoption !== 'stamp') return false;
  const mayHaveLost =
    hashAnnotations !== undefined &&
    template.hash === undefined &&
    adoptionFacts?.changedBefore !== false;
  return !mayHaveLost || events !== undefined;
}
