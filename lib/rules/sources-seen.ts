import type { ConfigHashes } from './hash/hashing.ts';
import type { Readings } from './reading.ts';

/** The result of reading the sources of a workload. */
export interface SourcesSeen {
  readonly readings: Readings;
  readonly hashes: ConfigHashes;
  /**
   * Whether the hash on the template is the hash of upstream Wave for the current configuration.
   */
  readonly carriesHashOfWave: boolean;
  /**
   * Present if the sources of the workload are larger than a pass reads for one workload: the
   * message that says so.
   */
  readonly tooLarge: string | undefined;
}
