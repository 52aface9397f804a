import { intervalMs } from '../../settings/resync-interval.ts';
import type { RolloutSettings } from '../../settings/schema.ts';
import type { Decision } from '../decide.ts';
import type { Reason } from '../reason.ts';
import { formatHistory, withinPeriod } from './history.ts';
import { limitExceeded } from './limit.ts';

/** The settings that control when a decided hash may be written. */
export interface Policy extends RolloutSettings {
  /** Times are shown in this zone in addition to UTC. */
  readonly timeZone: string;
}

/** The facts that holds depend on. */
export interface Circumstances {
  /** By the clock of the API server if known; in milliseconds since 1970. */
  readonly now: number;
  /** When hashes of ours were written to the workload, as far as known. */
  readonly writes: readonly number[];
}

/** Why a hash is not written yet. */
export interface Hold {
  readonly reason: Reason;
  readonly sentence: string;
}

/** A rule that may hold a decision back; undefined if it does not apply. */
export type HoldRule = (
  decision: Decision,
  policy: Policy,
  circumstances: Circumstances,
) => Hold | undefined;

/** The first one that applies is reported. */
const holds: readonly HoldRule[] = [limitExceeded];

/**
 * Whether a decided hash may be written now: returns the decision with what to record, or the hold.
 * A decision without a hash is unchanged. Pure.
 */
export function afterHolds(
  decision: Decision,
  policy: Policy,
  circumstances: Circumstances,
): Decision {
  if (decision.hashAnnotations === undefined) return decision;
  for (const rule of holds) {
    const held = rule(decision, policy, circumstances);
    if (held !== undefined)
      return { ...held, changed: decision.changed, hashAnnotations: undefined };
  }
  const { count, period } = policy.limit;
  if (count === 0) return decision;
  const { now, writes } = circumstances;
  const before = withinPeriod(writes, intervalMs(period), now);
  return { ...decision, history: formatHistory(before, now, count) };
}
