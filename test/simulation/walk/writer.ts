/** A process of wave-cron as it shows in the log of writes. */
import type { RolloutSettings } from '../../../lib/settings/schema.ts';
import type { Fate } from './steps.ts';

export interface Writer {
  readonly name: string;
  readonly rollouts: RolloutSettings;
  fate: Fate;
  /** The Leases that it must hold to write. */
  readonly leases: readonly { readonly name: string; readonly holder: string | undefined }[];
  /** Requests that it has sent. */
  sent: number;
  /** When its pass began to read; undefined: none is running. */
  began: number | undefined;
  /** As it stands in its own Lease; undefined until it has asked for it. */
  identity: string | undefined;
}
