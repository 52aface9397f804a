import type { RolloutSettings } from '../../settings/schema.ts';
import type { Decision } from '../decide.ts';
import type { Reason } from '../reason.ts';

/** The settings that say when a decided hash may be written. */
export interface Policy extends RolloutSettings {
  /** What times are shown in besides UTC. */
  readonly timeZone: string;
}

/** What holds judge by. */
export interface Circumstances {
  /** By the clock of the API server where that is known; in milliseconds since 1970. */
  readonly now: number;
  /** When a hash of ours was written to the workload, as far as that is known. */
  readonly writes: readonly number[];
}

/** Why a hash is not written yet. */
export interface Hold {
  readonly reason: Reason;
  readonly sentence: string;
}

/** One reason to hold a decision back; undefined where it does not apply. */
export type HoldRule = (
  decision: Decision,
  policy: Policy,
  circumstances: Circumstances,
) => Hold | undefined;
