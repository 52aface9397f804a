/**
 * The reason codes of decisions: one word each, the same in report, log, event and metric label.
 * What follows from a reason is data here, so that no other place has to list reasons again.
 */

export const reasons = {
  UpToDate: {
    meaning:
      'The template carries the hash of the current configuration, or the workload references no ConfigMap or Secret. Whether its Pods follow the template is said in the sentence if they do not.',
    isWarning: false,
    incomplete: false,
  },
  ConfigChanged: {
    meaning:
      'The configuration differs from the one that the template carries: the hash is written.',
    isWarning: false,
    incomplete: false,
  },
  FirstSeen: {
    meaning: 'The template carries no hash yet: it is written, which rolls the workload once.',
    isWarning: false,
    incomplete: false,
  },
  Adopted: {
    meaning:
      'The template carries no hash of ours, or one under another key, and its Pods run with the current configuration; or it references nothing any more. That is recorded, and nothing restarts. Never with Pods that may be older than a hash which was written and removed.',
    isWarning: false,
    incomplete: false,
  },
  AlreadyCurrent: {
    meaning:
      'With `restart: if-stale`: the configuration changed, and every Pod of the workload was created after the change. That is recorded, and nothing restarts.',
    isWarning: false,
    incomplete: false,
  },
  Settling: {
    meaning:
      'With `restart: if-stale`: the configuration changed, and a rollout is under way whose new Pods were created after the change. The template is left alone until it has finished.',
    isWarning: false,
    incomplete: false,
  },
  Reverted: {
    meaning:
      'The hash of the current configuration was written twice and another tool removed it each time: it is not written again, so that the workload does not restart for ever. Its Pods may run with an older configuration: the sentence says what is known of them.',
    isWarning: true,
    incomplete: false,
  },
  LimitExceeded: {
    meaning:
      'As many rollouts of the workload as `rollouts.limit` allows were started within its period: the hash is not written until the first of them is older than that.',
    isWarning: true,
    incomplete: false,
  },
  SchedulingDisabled: {
    meaning:
      "Upstream Wave keeps the workload's Pods from being scheduled, and does not run any more: the hash is written, and somebody has to set the scheduler back.",
    isWarning: true,
    incomplete: false,
  },
  MissingSource: {
    meaning: 'A required source, or a required key of it, does not exist: the hash is left alone.',
    isWarning: true,
    incomplete: false,
  },
  UnreadableSource: {
    meaning: 'A source could not be read: the hash is left alone, and the pass is incomplete.',
    isWarning: true,
    incomplete: true,
  },
  CrossNamespaceDenied: {
    meaning:
      'A source of another namespace is named that crossNamespaceReferences does not allow: the hash is left alone.',
    isWarning: true,
    incomplete: false,
  },
  InvalidAnnotation: {
    meaning: 'An annotation has a value that means nothing: the workload is left alone.',
    isWarning: true,
    incomplete: false,
  },
  TooLarge: {
    meaning:
      'The workload references more, or larger, ConfigMaps and Secrets than a pass reads for one workload, or is itself too large to be read: it is left alone.',
    isWarning: true,
    incomplete: false,
  },
  OwnershipLimited: {
    meaning:
      'Some owner references could not be written or removed for a reason that its owner can mend: the hash is handled as usual.',
    isWarning: true,
    incomplete: false,
  },
  OptedOut: {
    meaning: 'The workload is no longer opted in: its template is left as it is.',
    isWarning: false,
    incomplete: false,
  },
  Deleting: {
    meaning: 'The workload is being deleted, or was deleted while the pass ran.',
    isWarning: false,
    incomplete: false,
  },
  Conflict: {
    meaning:
      'The workload changed each time between our read and our write: the next pass tries again.',
    isWarning: true,
    incomplete: false,
  },
  Rejected: {
    meaning:
      'The API server, or an admission policy or webhook of the cluster, rejected the change to this workload: the next pass tries again.',
    isWarning: true,
    incomplete: false,
  },
  Failed: {
    meaning: 'The cluster refused the change, or did not answer: the next pass tries again.',
    isWarning: true,
    incomplete: true,
  },
} as const satisfies Record<
  string,
  {
    /** One sentence, for the reference in the docs. */
    readonly meaning: string;
    /** Told as a Warning event and in the log at each pass, until somebody mends it. */
    readonly isWarning: boolean;
    /**
     * The pass did not do its work on this workload: exit status 1. Never what whoever may edit the workload
     * can bring about: a permanent failure of theirs would hide those of the installation.
     */
    readonly incomplete: boolean;
  }
>;

export type Reason = keyof typeof reasons;

/** What is said of a workload. */
export interface Said {
  readonly reason: Reason;
  /** One sentence for log, event, report and plan. Never holds the value of a source. */
  readonly sentence: string;
}

/** How a pass as a whole ended: one word, the same in report, log and metric label. */
export type PassReason = 'Completed' | 'LeaseHeld' | 'LeaseLost' | 'Interrupted';
