import type { RolloutSettings } from '../../settings/schema.ts';
import type { Proposal } from '../decision.ts';
import type { Said } from '../reason.ts';

/** The settings that say when a decided hash may be written. */
export interface Policy extends Pick<RolloutSettings, 'limit'> {
  /** The time zone in which times are shown, in addition to UTC. */
  readonly timeZone: string;
}

/** The facts that a hold depends on. */
export interface Circumstances {
  /** By the clock of the API server where that is known; in milliseconds since 1970. */
  readonly now: number;
  /** When wave-cron wrote a hash to the workload, as far as that is known. */
  readonly writes: readonly number[];
}

/** One reason to hold a hash back, and why; undefined if it does not apply. */
export type HoldRule = (
  proposal: Proposal,
  policy: Policy,
  circumstances: Circumstances,
) => Said | undefined;
