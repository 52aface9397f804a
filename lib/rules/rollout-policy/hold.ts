import type { WorkloadName } from '../../kubernetes/names.ts';
import { shortList } from '../../text/short-list.ts';
import type { Said } from '../reason.ts';

/** The reason codes of holds, which are a part of the reason codes of reason.ts. */
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
  /**
   * The sentence must be the same in each pass until something changes. The name of the Event is
   * made from the sentence, and an Event with the same name continues its series.
   */
  readonly sentence: string;
  /** The time at which the hold ends by itself, in milliseconds since 1970; absent: not known. */
  readonly until?: number;
}

/** A configuration whose hash a pass has decided to write to a workload. */
export interface Change {
  readonly workload: WorkloadName;
  /** The sources that changed since the last hash, named as in `/config-sources`. */
  readonly changed: readonly string[];
  /** The hash of the configuration, followed by its hashes under earlier hash keys. */
  readonly hashes: readonly [string, ...string[]];
}

/** The message of a hold. `why` is a clause, and `end` completes "until …". */
export function heldBecause(changed: readonly string[], why: string, end: string): string {
  // If a workload is new to wave-cron, it has no changed sources.
  const what =
    changed.length === 0
      ? 'its hash is to be written'
      : `its configuration changed (${shortList(changed)})`;
  return `${what}, but ${why}: nothing is written until ${end}, then it restarts once with the current configuration`;
}
