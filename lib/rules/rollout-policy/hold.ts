import type { WorkloadName } from '../../kubernetes/names.ts';
import { shortList } from '../../text/short-list.ts';
import type { Said } from '../reason.ts';

/** Why a hash is not written yet: reason codes of reason.ts. */
export type HoldReason =
  | 'InvalidAnnotation'
  | 'PolicyUnreadable'
  | 'Paused'
  | 'StoppedByFailure'
  | 'Settling'
  | 'AwaitingApproval'
  | 'OutsideWindow'
  | 'CoolingDown'
  | 'LimitExceeded'
  | 'Queued';

export interface Hold<R extends HoldReason = HoldReason> extends Said {
  readonly reason: R;
  /** The same in each pass as long as nothing has changed, because it is part of the name of the Event. */
  readonly sentence: string;
  /** When it ends by itself, in milliseconds since 1970; absent: not known. */
  readonly until?: number;
}

/** A configuration that is to be written to a workload. */
export interface Change {
  readonly workload: WorkloadName;
  /** The sources that differ from what is recorded, as in `/config-sources`. */
  readonly changed: readonly string[];
  /** Its hash, then its hashes under earlier keys. */
  readonly hashes: readonly [string, ...string[]];
}

/** The sentence of a hold. `end` follows "until". */
export function heldBecause(changed: readonly string[], why: string, end: string): string {
  const which = changed.length === 0 ? '' : ` (${shortList(changed)})`;
  return `its configuration changed${which}, but ${why}: nothing is written until ${end}, then it restarts once with the current configuration`;
}
