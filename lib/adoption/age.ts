import type { Readings } from '../decide.ts';
import { type Reference, sourceKey } from '../references.ts';
import type { FirstSight } from '../workload.ts';

/** What a pass needs to know of one Pod of a workload. */
export interface PodAge {
  readonly name: string;
  /** RFC 3339, whole seconds, UTC, by the API server's clock; undefined if it does not say. */
  readonly createdAt: string | undefined;
  /** RFC 3339, whole seconds, UTC; undefined where no kubelet has taken it on yet. */
  readonly startTime: string | undefined;
}

/** The Pods of a workload that are not on their way out, or why they could not be read. */
export type PodsReading =
  | { readonly state: 'read'; readonly pods: readonly PodAge[] }
  | { readonly state: 'unreadable'; readonly why: string };

/**
 * Why Pods of a workload may run with another configuration than the one that was read, in words;
 * undefined where that cannot be. Pure.
 *
 * Times are compared as the API writes them: UTC and whole seconds, so their order as text is their
 * order in time. Within a second nobody knows which came first, so that counts as doubt.
 */
export function doubtAbout(
  firstSight: FirstSight,
  references: readonly Reference[],
  readings: Readings,
  pods: PodsReading,
): string | undefined {
  for (const reference of references) {
    const reading = readings.get(sourceKey(reference));
    if (reading?.state !== 'present' || reading.ignored) continue;
    const { createdAt, writtenAt } = reading;
    const label = `${reference.kind}/${reference.name}`;
    if (createdAt === undefined || writtenAt === undefined) {
      return `nothing says when ${label} was last written`;
    }
    // It has only ever had one content, which whatever the workload has started has read.
    if (writtenAt === createdAt && createdAt <= firstSight.createdAt) continue;
    if (firstSight.changedBefore && firstSight.rollingOut) return 'a rollout of it is under way';
    if (pods.state === 'unreadable') return `its Pods could not be read: ${pods.why}`;
    const older = pods.pods.find(
      ({ startTime }) => startTime !== undefined && writtenAt >= startTime,
    );
    if (older !== undefined) {
      return `${label} was written at ${writtenAt}, not before the start of Pod ${older.name} at ${older.startTime}`;
    }
  }
  return undefined;
}
