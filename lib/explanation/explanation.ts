import type { Difference } from '../rules/hash/source-record.ts';
import type { OwnershipChanges } from '../rules/ownership/changes.ts';
import type { Reason } from '../rules/reason.ts';
import type { SourceKind } from '../rules/references.ts';
import type { Progress } from '../rules/rollout-blockers.ts';
import type { WorkloadName } from '../rules/workload.ts';
import type { OwnershipSetting } from '../settings/schema.ts';
import type { Revision } from './revisions.ts';

/**
 * Why a workload did, did not or will restart. This is what `explain -o json` prints, so names are
 * an interface. All of it can be shown to anybody: no field holds the value of a source. What is
 * not known is null, and `notRead` says why.
 */
export interface Explanation {
  readonly workload: WorkloadName;
  readonly optedIn: Verdict;
  /** Whether a pass with these settings looks at it. */
  readonly inScope: Scope;
  /** `2/5`, the shard of its namespace; null where there are no shards. */
  readonly shard: string | null;
  /** By source. */
  readonly references: readonly ExplainedReference[];
  readonly hash: ExplainedHash;
  readonly nextPass: NextPass;
  /** A sentence for each thing that keeps a pass from rolling it, or its Pods from following. */
  readonly blockers: readonly string[];
  /** How many of its Pods follow its template, as far as its status says. */
  readonly pods: ExplainedPods;
  readonly revisions: readonly Revision[] | null;
  readonly ownership: ExplainedOwnership;
  readonly lease: ExplainedLease;
  /** Of wave-cron about it, newest first. */
  readonly events: readonly ExplainedEvent[] | null;
  /** What could not be read, with the permissions that this was asked with. */
  readonly notRead: readonly { readonly what: string; readonly why: string }[];
}

export interface Verdict {
  readonly yes: boolean;
  /** Why, and where it is not, what to do. */
  readonly why: readonly string[];
}

export interface Scope {
  /** Null where that could not be found out. */
  readonly yes: boolean | null;
  readonly why: readonly string[];
}

export type ReferenceState =
  | 'present'
  | 'absent'
  /** The source is there, but not a key of it that is referenced. */
  | 'keyAbsent'
  | 'ignored'
  | 'unreadable'
  /** Of another namespace that the settings do not allow; it was not read. */
  | 'denied';

export interface ExplainedReference {
  /** As in `/config-sources`: `ConfigMap/name`. */
  readonly source: string;
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
  readonly keys: 'all' | readonly string[];
  readonly required: boolean;
  /** Where it is named: `containers[web].env[COLOR]`. */
  readonly places: readonly string[];
  readonly state: ReferenceState;
  /** What there is to say about the state; empty where that is all. */
  readonly sentence: string;
  /** RFC 3339; when its data was last written, as far as managedFields say. */
  readonly writtenAt: string | null;
  /** Its short digest in the record, `-` for absent. */
  readonly recorded: string | null;
  /** Its short digest of now, `-` for absent. */
  readonly now: string | null;
  /** How it differs from the record, in words; null where it does not, or that is not known. */
  readonly change: string | null;
}

export interface ExplainedHash {
  /** Where the last configuration is recorded. */
  readonly recordedOn: 'template' | 'adopted' | null;
  readonly recorded: string | null;
  /** What the template carries, also where a record of adoption counts instead. */
  readonly template: string | null;
  /** Null where not everything that it is made of is there. */
  readonly now: string | null;
  readonly differences: readonly Difference[];
}

export interface NextPass {
  /** Null where a pass does not look at it. */
  readonly reason: Reason | null;
  readonly sentence: string;
  readonly wouldRestart: boolean;
  /** False where a pass, with permissions of its own, may decide otherwise. */
  readonly certain: boolean;
  readonly changed: readonly string[];
  readonly ownership: Pick<OwnershipChanges, 'referencesAdded' | 'referencesRemoved' | 'finalizer'>;
}

export interface ExplainedPods {
  /** Null while its controller has not seen its last change. */
  readonly progress: Progress | null;
  readonly sentence: string;
}

export interface ExplainedOwnership {
  readonly setting: OwnershipSetting;
  readonly finalizer: boolean;
  /** The sources that its record names; null where it has none. */
  readonly recorded: readonly string[] | null;
  /** Whether others may carry its mark as well. */
  readonly complete: boolean;
  /** Of the sources that were read, those that carry its mark. */
  readonly owned: readonly string[];
}

export interface ExplainedLease {
  readonly namespace: string;
  readonly name: string;
  readonly state: 'free' | 'held' | 'absent' | 'unknown';
  readonly holder: string | null;
  /** By the clock of the holder. */
  readonly acquiredAt: string | null;
  /** By the clock of the holder. */
  readonly renewedAt: string | null;
}

export interface ExplainedEvent {
  /** When it was last told. */
  readonly time: string | null;
  readonly type: string;
  readonly reason: string;
  readonly count: number;
  readonly note: string;
}
