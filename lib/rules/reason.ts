import { allSources, anySource } from '../kubernetes/kinds.ts';

/**
 * The reason codes of decisions: one word each, the same in report, log, Event and metric label. The
 * consequences of a reason are data here, so that no other place lists reasons again.
 */

export const reasons = {
  UpToDate: {
    meaning: `The template has the hash of the current configuration, or the workload references no ${anySource}. If the Pods of the workload do not follow the template, the message says so.`,
    isWarning: false,
    incomplete: false,
  },
  ConfigChanged: {
    meaning:
      'The current configuration has another hash than the template. The new hash is written.',
    isWarning: false,
    incomplete: false,
  },
  FirstSeen: {
    meaning: 'The template has no hash yet. The hash is written, which rolls the workload once.',
    isWarning: false,
    incomplete: false,
  },
  Adopted: {
    meaning:
      'The template has no hash of wave-cron, or a hash with another key, and the Pods use the current configuration. Or the workload no longer references any source. The pass records this, and nothing restarts. If the Pods may be older than a hash that was written and then removed, the workload is never adopted.',
    isWarning: false,
    incomplete: false,
  },
  AlreadyCurrent: {
    meaning:
      'The configuration changed, but all Pods of the workload were created after the change (only with `restart: if-stale`). Or only [mounted objects](csi-driver.md) changed, and all Pods started with the current versions. The pass records this, and nothing restarts.',
    isWarning: false,
    incomplete: false,
  },
  PolicyUnreadable: {
    meaning:
      'The annotations of the namespace could not be read. These annotations may hold rollouts back. So the hash is not written until the annotations can be read.',
    isWarning: true,
    incomplete: true,
    isHold: true,
  },
  Paused: {
    meaning:
      'Rollouts are paused by a setting, or by an annotation of the workload or its namespace. The hash is written when the pause ends.',
    isWarning: false,
    incomplete: false,
    isHold: true,
  },
  StoppedByFailure: {
    meaning:
      'The rollout of another workload of the namespace failed with the version of a source that this workload would get. The hash is not written until the source changes, or until the other workload is healthy or deleted.',
    isWarning: true,
    incomplete: false,
    isHold: true,
  },
  Settling: {
    meaning:
      'A source was written a short time ago, and the rollout waits for further changes (`rollouts.settle`). Or the configuration changed during a rollout, and the new Pods of that rollout were created after the change (only with `restart: if-stale`). In this case, the template stays unchanged until the rollout has finished. Or the driver is rotating [mounted objects](csi-driver.md), and Pods have different versions of them.',
    isWarning: false,
    incomplete: false,
    isHold: true,
  },
  AwaitingApproval: {
    meaning: 'The rollout needs an approval of this configuration (`wave-cron approve`).',
    isWarning: false,
    incomplete: false,
    isHold: true,
  },
  OutsideWindow: {
    meaning:
      'A deny window is open, or none of the allow windows is open. The hash is written when a rollout may start.',
    isWarning: false,
    incomplete: false,
    isHold: true,
  },
  CoolingDown: {
    meaning:
      'The last rollout of the workload started less than `rollouts.cooldown` ago. The hash is written when the cooldown is over.',
    isWarning: false,
    incomplete: false,
    isHold: true,
  },
  Reverted: {
    meaning:
      'The hash of the current configuration was written twice, and another tool removed it each time. The hash is not written again, because the workload would restart in a loop. The Pods may use an older configuration, and the message says what is known about them.',
    isWarning: true,
    incomplete: false,
  },
  LimitExceeded: {
    meaning:
      'Within the period of `rollouts.limit`, as many rollouts of the workload have started as the limit allows. The hash is not written until the oldest of these rollouts is outside the period.',
    isWarning: true,
    incomplete: false,
    isHold: true,
  },
  Queued: {
    meaning:
      'The rollout waits for a place (`rollouts.maxConcurrent`, `rollouts.maxConcurrentPerNamespace`), or for workloads with a lower order (`rollout-order`).',
    isWarning: false,
    incomplete: false,
    isHold: true,
  },
  SchedulingDisabled: {
    meaning:
      "Wave disabled the scheduling of the workload's Pods, and Wave no longer runs. The hash is written, but a person must restore the scheduler name.",
    isWarning: true,
    incomplete: false,
  },
  MissingSource: {
    meaning:
      'A required source, or a required key of a source, does not exist. The hash is not changed.',
    isWarning: true,
    incomplete: false,
  },
  UnreadableSource: {
    meaning: 'A source could not be read. The hash is not changed, and the pass is incomplete.',
    isWarning: true,
    incomplete: true,
  },
  CrossNamespaceDenied: {
    meaning:
      'The workload names a source in another namespace, and the setting `crossNamespaceReferences` does not allow that namespace. The hash is not changed.',
    isWarning: true,
    incomplete: false,
  },
  CannotRestart: {
    meaning:
      'A changed pod template would not restart the Pods of the workload, because of its kind or its spec. The hash is not written, and the message says what to change.',
    isWarning: true,
    incomplete: false,
  },
  InvalidAnnotation: {
    meaning:
      'An annotation of the workload, or a rollout annotation of its namespace, has an invalid value. The template is not changed.',
    isWarning: true,
    incomplete: false,
  },
  TooLarge: {
    meaning: `The workload references too many or too large ${allSources}, or the workload itself is too large to read. The workload is not changed.`,
    isWarning: true,
    incomplete: false,
  },
  OwnershipLimited: {
    meaning:
      'Some owner references could not be added or removed, for a reason that the owner of the workload can fix. The hash is handled as usual.',
    isWarning: true,
    incomplete: false,
  },
  OptedOut: {
    meaning: 'The workload is no longer opted in. Its template is not changed.',
    isWarning: false,
    incomplete: false,
  },
  Deleting: {
    meaning: 'The workload is being deleted, or was deleted during the pass.',
    isWarning: false,
    incomplete: false,
  },
  Conflict: {
    meaning:
      'Each time that the pass had read the workload, the workload changed before the pass could write it. The next pass tries again.',
    isWarning: true,
    incomplete: false,
  },
  Rejected: {
    meaning:
      'The API server, or an admission policy or webhook of the cluster, rejected the change to this workload. The next pass tries again.',
    isWarning: true,
    incomplete: false,
  },
  Failed: {
    meaning: 'The API server refused the change or did not respond. The next pass tries again.',
    isWarning: true,
    incomplete: true,
  },
} as const satisfies Record<
  string,
  {
    /** One sentence, for the reference in the docs. */
    readonly meaning: string;
    /** Whether each pass logs the reason and records a Warning Event, until a person fixes the cause. */
    readonly isWarning: boolean;
    /**
     * Whether the pass did not finish its work on this workload, so that the exit status is 1. This field is
     * never true for a cause that the editors of a workload control: a permanent failure that they cause would
     * hide failures of the installation.
     */
    readonly incomplete: boolean;
    /** Present if a change is known and not written yet. The reason repeats in each pass until the hold ends. */
    readonly isHold?: true;
  }
>;

export type Reason = keyof typeof reasons;

/** Whether a change is known and not written yet. */
export function isHold(reason: Reason): boolean {
  return 'isHold' in reasons[reason];
}

/** A reason and its explanation for one workload. */
export interface Said {
  readonly reason: Reason;
  /** One sentence for log, Event, report and plan. It never contains the value of a source. */
  readonly sentence: string;
}

/** How a pass as a whole ended: one word, the same in report, log and metric label. */
export type PassReason = 'Completed' | 'LeaseHeld' | 'LeaseLost' | 'Interrupted';
