import type { Progress, ReferencedKind } from '../kubernetes/kinds.ts';
import type { WorkloadName } from '../kubernetes/names.ts';
import type { Difference } from '../rules/hash/source-record.ts';
import type { OwnershipChanges } from '../rules/ownership/changes.ts';
import type { Reason } from '../rules/reason.ts';
import type { OwnershipSetting } from '../settings/schema.ts';
import type { Revision } from './revisions.ts';

/**
 * Why a workload restarted, did not restart, or will restart. `explain -o json` prints this object,
 * so the names of the fields are an interface. No field contains the value of a source. An unknown
 * value is null, and `notRead` says why it is unknown.
 */
export interface Explanation {
  readonly workload: WorkloadName;
  readonly optedIn: Verdict;
  /** Whether a pass with these settings includes the workload. */
  readonly inScope: Scope;
  /** The shard of the namespace, such as `2/5`; null without shards. */
  readonly shard: string | null;
  /** Sorted by source. */
  readonly references: readonly ExplainedReference[];
  readonly hash: ExplainedHash;
  readonly nextPass: NextPass;
  /**
   * The causes that prevent a pass from restarting the workload, and the causes that prevent its
   * Pods from running with its template, as sentences.
   */
  readonly blockers: readonly string[];
  /** How many Pods run with the current template, according to the status of the workload. */
  readonly pods: ExplainedPods;
  readonly revisions: readonly Revision[] | null;
  readonly ownership: ExplainedOwnership;
  readonly lease: ExplainedLease;
  /** The Events that wave-cron recorded on the workload, newest first. */
  readonly events: readonly ExplainedEvent[] | null;
  /** The reads that failed with the permissions of the caller, each with the reason. */
  readonly notRead: readonly { readonly what: string; readonly why: string }[];
}

export interface Verdict {
  readonly yes: boolean;
  /** The reasons. If `yes` is false, they also say what to do. */
  readonly why: readonly string[];
}

export interface Scope {
  /** Null if unknown. */
  readonly yes: boolean | null;
  readonly why: readonly string[];
}

export type ReferenceState =
  | 'present'
  | 'absent'
  /** The source exists, but lacks a referenced key. */
  | 'keyAbsent'
  | 'ignored'
  | 'unreadable'
  /**
   * The source was not read, because the settings do not allow references to the namespace of the
   * source.
   */
  | 'denied';

export interface ExplainedReference {
  /** The source, named as in `/config-sources`: `ConfigMap/name`. */
  readonly source: string;
  readonly kind: ReferencedKind;
  readonly namespace: string;
  readonly name: string;
  readonly keys: 'all' | readonly string[];
  readonly required: boolean;
  /** The places in the workload that reference the source: `containers[web].env[COLOR]`. */
  readonly places: readonly string[];
  readonly state: ReferenceState;
  /** Details of the state; empty if there are none. */
  readonly sentence: string;
  /** The last write of the data of the source, according to managedFields. RFC 3339. */
  readonly writtenAt: string | null;
  /** The short digest of the source in the record; `-` if the source was absent then. */
  readonly recorded: string | null;
  /** The current short digest of the source; `-` if the source is absent. */
  readonly now: string | null;
  /**
   * The difference from the record, as a phrase; null if there is no difference, or if it is
   * unknown.
   */
  readonly change: string | null;
}

export interface ExplainedHash {
  /** Which annotation contains the record that counts; null if there is none. */
  readonly recordedOn: 'template' | 'adopted' | null;
  readonly recorded: string | null;
  /** The hash on the template, even if the record of adoption counts instead of this hash. */
  readonly template: string | null;
  /**
   * The hash of the current configuration; null if something that it depends on could not be read.
   */
  readonly now: string | null;
  readonly differences: readonly Difference[];
}

export interface NextPass {
  /** Null if a pass does not include the workload. */
  readonly reason: Reason | null;
  readonly sentence: string;
  readonly wouldRestart: boolean;
  /** False if a pass may decide differently, because the pass has other permissions. */
  readonly certain: boolean;
  /**
   * False if the workload may have to wait for other workloads. Only a pass or a plan knows whether
   * the workload has to wait.
   */
  readonly queueAsked: boolean;
  /** Null if no change is held back. */
  readonly held: ExplainedHold | null;
  readonly changed: readonly string[];
  readonly ownership: Pick<OwnershipChanges, 'referencesAdded' | 'referencesRemoved' | 'finalizer'>;
}

/** RFC 3339, UTC. */
export interface ExplainedHold {
  readonly since: string;
  /** The time at which the hold ends by itself; null: not known. */
  readonly until: string | null;
}

export interface ExplainedPods {
  /** Null until the controller has observed the newest change of the workload. */
  readonly progress: Progress | null;
  readonly sentence: string;
}

export interface ExplainedOwnership {
  readonly setting: OwnershipSetting;
  readonly finalizer: boolean;
  /** The sources in the record of the workload; null without a record. */
  readonly recorded: readonly string[] | null;
  /** Whether the record names all sources that may have an owner reference to the workload. */
  readonly complete: boolean;
  /** The sources that were read and have an owner reference to the workload. */
  readonly owned: readonly string[];
}

export interface ExplainedLease {
  readonly namespace: string;
  readonly name: string;
  readonly state: 'free' | 'held' | 'absent' | 'unknown';
  readonly holder: string | null;
  /** According to the clock of the holder. */
  readonly acquiredAt: string | null;
  /** According to the clock of the holder. */
  readonly renewedAt: string | null;
}

export interface ExplainedEvent {
  /** The time at which the Event was last recorded. */
  readonly time: string | null;
  readonly type: string;
  readonly reason: string;
  readonly count: number;
  readonly note: string;
}
