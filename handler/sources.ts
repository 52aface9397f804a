import type { LimitFunction } from 'p-limit';
import { type AnnotationNames, ignoreAnnotations } from '../lib/annotations.ts';
import type { Readings } from '../lib/decide.ts';
import { isAbsent } from '../lib/kubernetes/api-error.ts';
import type { Cluster } from '../lib/kubernetes/cluster.ts';
import { type Reading, readSource } from '../lib/reading.ts';
import { type Reference, sourceKey } from '../lib/references.ts';
import { isSourceName } from '../lib/source-name.ts';
import type { Workload } from '../lib/workload.ts';
import { faultInWords } from './stop.ts';

/**
 * Reads each source once, however many workloads mention it, keeps only the keys that any of them
 * references, and forgets it with the last of them: so the memory of a pass is that of the
 * workloads in work, not that of all their sources.
 */
export class Sources {
  readonly #cluster: Cluster;
  readonly #ignoreAnnotations: readonly string[];
  readonly #limit: LimitFunction;
  readonly #signal: AbortSignal;
  readonly #wanted = new Map<string, Wanted>();

  constructor(
    cluster: Cluster,
    workloads: readonly Workload[],
    names: AnnotationNames,
    limit: LimitFunction,
    signal: AbortSignal,
  ) {
    this.#cluster = cluster;
    this.#ignoreAnnotations = ignoreAnnotations(names);
    this.#limit = limit;
    this.#signal = signal;
    for (const workload of workloads) {
      for (const reference of referencesOf(workload)) {
        const key = sourceKey(reference);
        const keys = keysOf(workload, reference);
        const wanted = this.#wanted.get(key);
        if (wanted === undefined) {
          this.#wanted.set(key, { keys, workloads: 1, reading: undefined });
        } else {
          wanted.keys = union(wanted.keys, keys);
          wanted.workloads += 1;
        }
      }
    }
  }

  /** The readings of everything that a workload references. Rejects only where the pass is cut short. */
  async of(workload: Workload): Promise<Readings> {
    const read = async (reference: Reference): Promise<[string, Reading]> => {
      const key = sourceKey(reference);
      const wanted = this.#wanted.get(key);
      // A workload that was changed in mid-pass may reference more than was counted at its start.
      const keys = keysOf(workload, reference);
      if (wanted === undefined || !covers(wanted.keys, keys)) {
        return [key, asWanted(await this.#read(reference, keys), reference)];
      }
      wanted.reading ??= this.#read(reference, wanted.keys);
      return [key, asWanted(await wanted.reading, reference)];
    };
    return new Map(await Promise.all(referencesOf(workload).map(read)));
  }

  /** Tells that a workload of those given at the start is done. */
  release(workload: Workload): void {
    for (const reference of referencesOf(workload)) {
      const key = sourceKey(reference);
      const wanted = this.#wanted.get(key);
      if (wanted === undefined) continue;
      wanted.workloads -= 1;
      if (wanted.workloads === 0) this.#wanted.delete(key);
    }
  }

  async #read(reference: Reference, keys: Reference['keys']): Promise<Reading> {
    if (!isSourceName(reference.name)) return { state: 'absent' };
    try {
      const object = await this.#limit(() => {
        this.#signal.throwIfAborted();
        return this.#cluster.getSource(reference, this.#signal);
      });
      return readSource(reference.kind, object, keys, ...this.#ignoreAnnotations);
    } catch (error) {
      this.#signal.throwIfAborted();
      if (isAbsent(error, reference.name)) return { state: 'absent' };
      return { state: 'unreadable', why: faultInWords(error) };
    }
  }
}

interface Wanted {
  keys: Reference['keys'];
  /** How many workloads still need it. */
  workloads: number;
  reading: Promise<Reading> | undefined;
}

/** Leaves out what this workload wants only where it is marked, and is not. */
function asWanted(reading: Reading, { ifMatched }: Reference): Reading {
  const without = ifMatched && reading.state === 'present' && !reading.matched;
  return without ? { ...reading, ignored: true } : reading;
}

function referencesOf({ configuration, deleting }: Workload): readonly Reference[] {
  return configuration.kind === 'references' && !deleting ? configuration.references : [];
}

/** Upstream Wave hashes whole sources where we hash the keys that are used. */
function keysOf({ firstSight }: Workload, { keys }: Reference): Reference['keys'] {
  return firstSight?.wave === undefined ? keys : 'all';
}

function union(a: Reference['keys'], b: Reference['keys']): Reference['keys'] {
  return a === 'all' || b === 'all' ? 'all' : a.union(b);
}

function covers(have: Reference['keys'], need: Reference['keys']): boolean {
  return have === 'all' || (need !== 'all' && need.isSubsetOf(have));
}
