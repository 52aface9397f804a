/**
 * The reason codes of decisions: one word each, equal in report, log, Event and metric label. All
 * consequences of a reason are defined here, so that no other code lists reasons.
 */

export const reasons = {
  UpToDate: {
    meaning:
      'The template carries the hash of the current configuration, or the workload references no ConfigMap or Secret. The sentence says so if its Pods do not run with the template.',
    isWarning: false,
    incomplete: false,
  },
  ConfigChanged: {
    meaning:
      'The configuration differs from the one recorded on the template: the new hash is written.',
    isWarning: false,
    incomplete: false,
  },
  FirstSeen: {
    meaning: 'The template has no hash yet: it is written, which restarts the workload once.',
    isWarning: false,
    incomplete: false,
  },
  Adopted: {
    meaning:
      'The template has no hash of wave-cron, or one with another key, and its Pods run with the current configuration; or it no longer references anything. This is recorded without a restart. It does not happen if Pods may be older than a hash that was written and removed.',
    isWarning: false,
    incomplete: false,
  },
  AlreadyCurrent: {
    meaning:
      'With `restart: if-stale`: the configuration changed, and every Pod of the workload was created after the change. This is recorded without a restart.',
    isWarning: false,
    incomplete: false,
  },
  Settling: {
    meaning:
      'With `restart: if-stale`: the configuration changed, and a rollout is in progress whose new Pods were created after the change. The template stays unchanged until the rollout has finished.',
    isWarning: false,
    incomplete: false,
  },
  Reverted: {
    meaning:
      'The hash of the current configuration was written twice and another tool removed it each time: it is not written again, to avoid endless restarts. Its Pods may run with an older configuration; the sentence says what is known.',
    isWarning: true,
    incomplete: false,
  },
  LimitExceeded: {
    meaning:
      '`rollouts.limit` was reached: the hash is not written until the oldest counted rollout is older than the period.',
    isWarning: true,
    incomplete: false,
  },
  SchedulingDisabled: {
    meaning:
      'Upstream Wave disabled scheduling of the Pods of the workload and no longer runs: the hash is written, and somebody has to restore the scheduler.',
    isWarning: true,
    incomplete: false,
  },
  MissingSource: {
    meaning:
      'A required source or a required key of a source does not exist: the hash stays unchanged.',
    isWarning: true,
    incomplete: false,
  },
  UnreadableSource: {
    meaning: 'A source could not be read: the hash stays unchanged, and the pass is incomplete.',
    isWarning: true,
    incomplete: true,
  },
  CrossNamespaceDenied: {
    meaning:
      'The workload lists a source of another namespace that crossNamespaceReferences does not allow: the hash stays unchanged.',
    isWarning: true,
    incomplete: false,
  },
  InvalidAnnotation: {
    meaning: 'An annotation has an invalid value: the workload stays unchanged.',
    isWarning: true,
    incomplete: false,
  },
  TooLarge: {
    meaning:
      'The workload references more, or larger, ConfigMaps and Secrets than a pass reads for one workload, or is itself too large to be read: it stays unchanged.',
    isWarning: true,
    incomplete: false,
  },
  OwnershipLimited: {
    meaning:
      'Some owner references could not be written or removed for a reason that the owner of the workload or source can fix: the hash is handled as usual.',
    isWarning: true,
    incomplete: false,
  },
  OptedOut: {
    meaning: 'The workload is no longer opted in: its template stays unchanged.',
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
      'The workload changed between each read and write of this pass: the next pass tries again.',
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
    meaning: 'The cluster denied the change or did not respond: the next pass tries again.',
    isWarning: true,
    incomplete: true,
  },
} as const satisfies Record<
  string,
  {
    /** One sentence, for the reference in the docs. */
    readonly meaning: string;
    /** Recorded as a Warning Event and logged in each pass until it is fixed. */
    readonly isWarning: boolean;
    /**
     * The pass did not do its work for this workload: exit status 1. Anybody who may edit a
     * workload must not be able to cause this, because such a permanent failure would hide failures
     * of the installation.
     */
    readonly incomplete: boolean;
  }
>;

export type Reason = keyof typeof reasons;

/** The outcome of a pass: one word, equal in report, log and metric label. */
export type PassReason = 'Completed' | 'LeaseHeld' | 'LeaseLost' | 'Interrupted';
