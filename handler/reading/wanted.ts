import type { SourceReading } from '../../lib/rules/reading.ts';
import { type Reference, sourceKey } from '../../lib/rules/references.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { Admission } from './source-memory.ts';

/** The reading of a source, and the number of bytes of the response. */
export interface Loaded {
  readonly reading: SourceReading;
  readonly bytes: number;
}

/** A source that workloads of a pass reference. */
export interface Wanted {
  /** The keys that these workloads reference. */
  keys: Reference['keys'];
  /** The number of these workloads that are not done. */
  workloads: number;
  /** The read in progress; undefined if the source is not being read. */
  loading: Promise<Loaded | undefined> | undefined;
  /** Whether the source once exceeded the available memory. */
  isLarge: boolean;
  /** The reading, as long as there is memory for the reading. */
  kept: { readonly loaded: Loaded; readonly admission: Admission } | undefined;
}

/**
 * Adds the references of a workload.
 *
 * @param all by `sourceKey`
 */
export function want(all: Map<string, Wanted>, workload: Workload): void {
  for (const reference of referencesOf(workload)) {
    const key = sourceKey(reference);
    const keys = keysOf(workload, reference);
    const known = all.get(key);
    if (known === undefined) {
      all.set(key, { keys, workloads: 1, loading: undefined, isLarge: false, kept: undefined });
      continue;
    }
    known.workloads += 1;
    // If a read has started, it returns only the keys that were known at its start.
    if (known.loading !== undefined || known.kept !== undefined) continue;
    if (!covers(known.keys, keys)) known.keys = union(known.keys, keys);
  }
}

export function referencesOf({ configuration, deleting }: Workload): readonly Reference[] {
  return configuration.kind === 'references' && !deleting ? configuration.references : [];
}

/**
 * wave-cron hashes only the referenced keys, but upstream Wave hashes all keys. If the workload has
 * a record of wave-cron, its hash is rarely the hash of Wave. So all keys are read now only if
 * there is no record. Otherwise, they are read later if they are needed.
 */
export function keysOf(
  { adoptionFacts, template }: Workload,
  { keys }: Reference,
): Reference['keys'] {
  return adoptionFacts?.wave === undefined || template.sources !== undefined ? keys : 'all';
}

function union(a: Reference['keys'], b: Reference['keys']): Reference['keys'] {
  return a === 'all' || b === 'all' ? 'all' : a.union(b);
}

export function covers(have: Reference['keys'], need: Reference['keys']): boolean {
  return have === 'all' || (need !== 'all' && need.isSubsetOf(have));
}
