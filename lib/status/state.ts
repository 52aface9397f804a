import { isHold, type Reason, reasons } from '../rules/reason.ts';
import type { Urgency } from './urgency.ts';

/**
 * The states in addition to the reason codes of passes. They come from the status and the records
 * of a workload.
 */
export const ownStates = {
  RolloutFailed: {
    meaning:
      'The last rollout that wave-cron started has failed: the controller of the workload says so, or the rollout is unfinished for longer than `rollouts.progressDeadline`.',
  },
  PodsOutdated: {
    meaning:
      'The template has the current configuration, but something prevents the Pods from following the template, such as `spec.paused` or the update strategy OnDelete.',
  },
  Unknown: {
    meaning:
      'A source or the namespace could not be read with your permissions, and the records of the last pass do not say more.',
  },
  RollingOut: { meaning: 'A rollout that wave-cron started is under way.' },
  RolledOut: {
    meaning: 'wave-cron started a rollout within the last hour, and this rollout has finished.',
  },
} as const satisfies Record<
  string,
  { /** One sentence, for the docs. */ readonly meaning: string }
>;

export type State = Reason | keyof typeof ownStates;

export function urgencyOf(state: State): Urgency {
  switch (state) {
    case 'RolloutFailed':
    case 'AwaitingApproval':
      return 'person';
    case 'PodsOutdated':
      return 'pods';
    case 'Unknown':
      return 'unknown';
    case 'RollingOut':
      return 'moving';
    case 'RolledOut':
      return 'recent';
    case 'UpToDate':
      return 'done';
    default:
      if (reasons[state].isWarning) return 'person';
      return isHold(state) ? 'held' : 'next';
  }
}
