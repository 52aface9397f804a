import type { SourceReading } from '../../lib/rules/reading.ts';
import { type Reference, sourceKey } from '../../lib/rules/references.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { Admission } from './source-memory.ts';

/** A source as it was read, and the number of bytes of its response. */
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
  /** Present while it is being read. */
  loading: Promise<Loaded | undefined> | undefined;
  /** Whether it once exceeded the available memory. */
  isLarge: boolean;
  /** The reading, as long as there is memory for it. */
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
    // A read that has started returns only the keys that were known at its start.
    if (known.loading !== undefined || known.kept !== undefined) continue;
    if (!covers(known.keys, keys)) known.keys = union(known.keys, keys);
  }
}

export function referencesOf({ configuration, deleting }: Workload): readonly Reference[] {
  return configuration.kind === 'references' && !deleting ? configuration.references : [];
}

/**
 * wave-cron hashes only the referenced keys, but upstream Wave hashes all keys. With a record of
 * wave-cron, the hash is rarely Wave's. So all keys are read only without a record, and otherwise
 * read later if needed.
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
