/** The outcomes that hold a workload, and the reasons of the policy that justify them. */
import type { Outcome } from '../../../lib/rules/report.ts';
import type { Force } from './policy-rule.ts';

const holds: ReadonlySet<string> = new Set([
  ...['Paused', 'OutsideWindow', 'AwaitingApproval', 'Settling', 'CoolingDown', 'LimitExceeded'],
  ...['Queued', 'StoppedByFailure', 'PolicyUnreadable'],
]);

export const isHold = ({ reason, sentence }: Outcome): boolean =>
  holds.has(reason) || (reason === 'InvalidAnnotation' && sentence.includes('rollout policy'));

export interface HoldFacts {
  /** The policies that the pass may have read. */
  readonly forces: readonly Force[];
  readonly isApproved: boolean;
  /** The time from the last write of a source until the pass, in milliseconds. */
  readonly sinceSourceMs: number;
  /** The time from the last write of a hash until the pass, in milliseconds. */
  readonly sinceHashMs: number;
  /** The period of the limit; undefined without a limit. In milliseconds. */
  readonly limitMs: number | undefined;
  /** Times in the walk can be off by this much, in milliseconds. */
  readonly slackMs: number;
  /** Whether another workload may have an unfinished rollout. */
  readonly isBlocked: () => boolean;
  /** Whether the rollout of another workload may have failed. */
  readonly isStopped: () => boolean;
}

/** Whether there may have been a reason to hold a workload. */
export function mayBeHeld(reason: string, facts: HoldFacts): boolean {
  const { forces, isApproved, sinceSourceMs, sinceHashMs, limitMs, slackMs } = facts;
  switch (reason) {
    case 'InvalidAnnotation':
      return forces.some(({ isInvalid }) => isInvalid);
    case 'Paused':
      return forces.some(({ isPaused }) => isPaused);
    case 'OutsideWindow':
      return forces.some(({ isClosed }) => isClosed);
    case 'AwaitingApproval':
      return !isApproved && forces.some(({ needsApproval }) => needsApproval);
    case 'Settling':
      return forces.some(({ settleMs }) => sinceSourceMs < settleMs + slackMs);
    case 'CoolingDown':
      return forces.some(({ cooldownMs }) => cooldownMs > 0 && sinceHashMs < cooldownMs + slackMs);
    case 'LimitExceeded':
      return limitMs !== undefined && sinceHashMs < limitMs + slackMs;
    case 'Queued':
      return facts.isBlocked();
    case 'StoppedByFailure':
      return facts.isStopped();
    default:
      return false;
  }
}
