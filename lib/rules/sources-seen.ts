import type { ConfigHashes } from './hash/hashing.ts';
import type { Readings } from './reading.ts';

/** What became of the sources of a workload when they were read. */
export interface SourcesSeen {
  readonly readings: Readings;
  readonly hashes: ConfigHashes;
  /** Whether the hash on the template is upstream Wave's of the current configuration. */
  readonly carriesHashOfWave: boolean;
  /** Why they were not read to the end: they are larger than a pass reads for one workload. */
  readonly tooLarge: string | undefined;
}
