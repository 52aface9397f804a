import { durationMs } from '../../text/duration.ts';
import type { Decision } from '../decide.ts';
import { formatHistory, withinPeriod } from './history.ts';
import type { Circumstances, HoldRule, Policy } from './hold-rule.ts';
import { limitExceeded } from './limit.ts';

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
  const before = withinPeriod(writes, durationMs(period), now);
  return { ...decision, history: formatHistory(before, now, count) };
}
