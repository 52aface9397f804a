import { intervalMs } from '../../settings/resync-interval.ts';
import type { RolloutSettings } from '../../settings/schema.ts';
import type { Decision } from '../decide.ts';
import type { Reason } from '../reason.ts';
import { formatHistory, withinPeriod } from './history.ts';
import { limitExceeded } from './limit.ts';

/** The settings that say when a decided hash may be written. */
export interface Policy extends RolloutSettings {
  /** What times are shown in besides UTC. */
  readonly timeZone: string;
}

/** What holds judge by. */
export interface Circumstances {
  /** By the clock of the API server where that is known; in milliseconds since 1970. */
  readonly now: number;
  /** When a hash of ours was written to the workload, as far as that is known. */
  readonly writes: readonly number[];
}

/** Why a hash is not written yet. */
export interface Hold {
  readonly reason: Reason;
  readonly sentence: string;
}

/** One reason to hold a decision back; undefined where it does not apply. */
export type HoldRule = (
  decision: Decision,
  policy: Policy,
  circumstances: Circumstances,
) => Hold | undefined;

/** The first that applies is reported. */
const holds: readonly HoldRule[] = [limitExceeded];

/**
 * Whether what was decided may be written now: the decision with what is recorded along with it, or the
 * hold in its place. A decision that writes no hash stays as it is. Pure.
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
