/** The data about a wave-cron process that the checks of its writes need. */
import type { RolloutSettings } from '../../../lib/settings/schema.ts';
import type { Fate } from './steps.ts';

export interface Writer {
  readonly name: string;
  readonly rollouts: RolloutSettings;
  fate: Fate;
  /** The Leases that the process must hold for writes. */
  readonly leases: readonly { readonly name: string; readonly holder: string | undefined }[];
  /** The number of requests that it has sent. */
  sent: number;
  /** The time at which the current pass began to read; undefined: no pass is running. */
  began: number | undefined;
  /** Its identity as the holder in its own Lease; undefined before its first request for the Lease. */
  identity: string | undefined;
}
