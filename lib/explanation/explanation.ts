import type { Progress, SourceKind } from '../kubernetes/kinds.ts';
import type { WorkloadName } from '../kubernetes/names.ts';
import type { Difference } from '../rules/hash/source-record.ts';
import type { OwnershipChanges } from '../rules/ownership/changes.ts';
import type { Reason } from '../rules/reason.ts';
import type { OwnershipSetting } from '../settings/schema.ts';
import type { Revision } from './revisions.ts';

/**
 * Why a workload did, did not or will restart. `explain -o json` prints this, so the names are an
 * interface. No field contains the value of a source. Unknown values are null, and `notRead` says
 * why.
 */
export interface Explanation {
  readonly workload: WorkloadName;
  readonly optedIn: Verdict;
  /** Whether a pass with these settings includes it. */
  readonly inScope: Scope;
  /** `2/5`, the shard of its namespace; null without shards. */
  readonly shard: string | null;
  /** Sorted by source. */
  readonly references: readonly ExplainedReference[];
  readonly hash: ExplainedHash;
  readonly nextPass: NextPass;
  /**
   * What prevents a pass from restarting it, or its Pods from running with its template, as
   * sentences.
   */
  readonly blockers: readonly string[];
  /** How many of its Pods run with its template, according to its status. */
  readonly pods: ExplainedPods;
  readonly revisions: readonly Revision[] | null;
  readonly ownership: ExplainedOwnership;
  readonly lease: ExplainedLease;
  /** Events of wave-cron on it, newest first. */
  readonly events: readonly ExplainedEvent[] | null;
  /** The reads that failed with the caller's permissions, and why. */
  readonly notRead: readonly { readonly what: string; readonly why: string }[];
}

export interface Verdict {
  readonly yes: boolean;
  /** The reasons; if `yes` is false, also what to do. */
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
  /** The source is in a namespace that the settings do not allow, and was not read. */
  | 'denied';

export interface ExplainedReference {
  /** As in `/config-sources`: `ConfigMap/name`. */
  readonly source: string;
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
  readonly keys: 'all' | readonly string[];
  readonly required: boolean;
  /** The places that reference it: `containers[web].env[COLOR]`. */
  readonly places: readonly string[];
  readonly state: ReferenceState;
  /** Details of the state; empty if there are none. */
  readonly sentence: string;
  /** RFC 3339; the last write of its data, according to managedFields. */
  readonly writtenAt: string | null;
  /** Its short digest in the record; `-` if it was absent. */
  readonly recorded: string | null;
  /** Its current short digest; `-` if it is absent. */
  readonly now: string | null;
  /** The difference from the record, as a phrase; null if there is none, or if it is unknown. */
  readonly change: string | null;
}

export interface ExplainedHash {
  /** Where the record of the last configuration is. */
  readonly recordedOn: 'template' | 'adopted' | null;
  readonly recorded: string | null;
  /** The hash on the template, even if a record of adoption counts instead. */
  readonly template: string | null;
  /** Null if not everything that it depends on is available. */
  readonly now: string | null;
  readonly differences: readonly Difference[];
}

export interface NextPass {
  /** Null if a pass does not include it. */
  readonly reason: Reason | null;
  readonly sentence: string;
  readonly wouldRestart: boolean;
  /** False if a pass, with its own permissions, may decide differently. */
  readonly certain: boolean;
  /** False if the workload may have to wait for others, which only a pass or a plan knows. */
  readonly queueAsked: boolean;
  /** Null if no change is held back. */
  readonly held: ExplainedHold | null;
  readonly changed: readonly string[];
  readonly ownership: Pick<OwnershipChanges, 'referencesAdded' | 'referencesRemoved' | 'finalizer'>;
}

/** RFC 3339, UTC. */
export interface ExplainedHold {
  readonly since: string;
  /** When the hold ends by itself; null: not known. */
  readonly until: string | null;
}

export interface ExplainedPods {
  /** Null until its controller has observed the last change. */
  readonly progress: Progress | null;
  readonly sentence: string;
}

export interface ExplainedOwnership {
  readonly setting: OwnershipSetting;
  readonly finalizer: boolean;
  /** The sources in its record; null without a record. */
  readonly recorded: readonly string[] | null;
  /** Whether the record names all sources that may have its owner reference. */
  readonly complete: boolean;
  /** The sources that were read and have its owner reference. */
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
  /** When it was last recorded. */
  readonly time: string | null;
  readonly type: string;
  readonly reason: string;
  readonly count: number;
  readonly note: string;
}
