import type { Revision } from '../../../lib/explanation/revisions.ts';

/** A revision on a time line. */
export interface HistoryPoint {
  readonly revision: Revision;
  /** In milliseconds since 1970. */
  readonly time: number;
  /** Whether the time is unknown, and only estimated from the neighbors' times. */
  readonly isEstimated: boolean;
  /** Whether the revision has a different configuration than the previous one. */
  readonly isNewConfiguration: boolean;
}

/**
 * The revisions as points in time, oldest first. The time of a rollback is not known.
 *
 * @param revisions newest first
 * @param now in milliseconds since 1970
 */
export function historyPoints(revisions: readonly Revision[], now: number): HistoryPoint[] {
  const ordered = revisions.toReversed();
  const times = ordered.map(knownTime);
  let before = times.find((time) => time !== undefined) ?? now;
  return ordered.map((revision, at) => {
    const known = times[at];
    const after = times.slice(at + 1).find((time) => time !== undefined) ?? now;
    const time = known ?? (before + Math.max(after, before)) / 2;
    before = time;
    const previous = ordered[at - 1];
    const isNewConfiguration =
      previous !== undefined && previous.configHash !== revision.configHash;
    return { revision, time, isEstimated: known === undefined, isNewConfiguration };
  });
}

function knownTime({ createdAt, rolledBack }: Revision): number | undefined {
  const time = rolledBack || createdAt === null ? Number.NaN : Date.parse(createdAt);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * Moves positions apart until each is at least `least` from the next one, if there is enough space.
 * Their order stays the same.
 *
 * @param positions ascending, from 0 to `width`
 */
export function spread(positions: readonly number[], least: number, width: number): number[] {
  const step = Math.min(least, positions.length < 2 ? least : width / (positions.length - 1));
  const moved = [...positions];
  for (let at = 1; at < moved.length; at += 1) {
    moved[at] = Math.max(moved[at] ?? 0, (moved[at - 1] ?? 0) + step);
  }
  let most = width;
  for (let at = moved.length - 1; at >= 0; at -= 1) {
    moved[at] = Math.min(moved[at] ?? 0, most);
    most = (moved[at] ?? 0) - step;
  }
  return moved;
}
