/**
 * The state that the namespace of a walk must have: it follows from the user's actions, without a read of
 * the cluster.
 */
import type { OwnershipSetting } from '../../../lib/settings/schema.ts';
import { plantedValue } from '../../secrets/planted.ts';
import { currentHash, type HashedSource } from '../current-hash.ts';
import { sourceNames, type WorkloadKind, workloadNames } from './names.ts';
import type { Reference } from './references.ts';
import type { Given } from './write-note.ts';

export type ModelSource = {
  uid: string;
  data: Readonly<Record<string, string>>;
  /** The number of the last write that changed the data. */
  version: number;
};

/** One of a few values that sources have. */
export const sourceValue = (kind: string, of: number): string =>
  kind === 'Secret' ? plantedValue(`walk-${of}`) : `value-${of}`;

export type ModelWorkload = {
  kind: WorkloadKind;
  name: string;
  uid: string;
  deleting: boolean;
  optedIn: boolean;
  references: readonly Reference[];
  image: number;
  replicas: number;
  paused: boolean;
  /** How often the user has changed the spec of the workload. */
  edits: number;
  /**
   * All hashes that the configuration has had while the workload was opted in. The last one is the newest.
   */
  hashes: string[];
  /**
   * The hash of the current configuration; undefined if the workload is not opted in, or if something
   * required is missing.
   */
  current: string | undefined;
  adoption: 'stamp' | 'if-changed' | 'baseline';
  /** The hashes that were written to the template, as the proxies saw them. */
  writes: string[];
  /** The hash on the template; undefined if there is none, or if an operator removed it. */
  onTemplate: string | undefined;
  /** If set, an operator reverts each of the next `times` hashes. */
  operator: { readonly whole: boolean; times: number } | undefined;
  /** How often an operator has removed a hash. */
  reverts: number;
  /**
   * Whether a hash was removed and the workload still has a record of this hash. Then a pass may
   * not assume that the Pods are current.
   */
  knowsLoss: boolean;
  /** Whether the workload was adopted with Pods whose configuration nobody knows. */
  taken: boolean;
  /**
   * The time at which a hash was last written or recorded, in milliseconds of this machine's clock.
   */
  recordedAt: number;
  /** Whether the history of the workload's rollouts was removed. */
  stripped: boolean;
  /** The recorded hash: the last one that was written or adopted. */
  recorded: string | undefined;
  /** The index in `hashes` from which on a hash may still be written. */
  open: number;
};

export class Model {
  /** The sources, in the order of `sourceNames`; undefined for a source that does not exist. */
  readonly sources: (ModelSource | undefined)[] = sourceNames.map(() => undefined);
  readonly workloads: (ModelWorkload | undefined)[] = workloadNames.map(() => undefined);
  ownership: OwnershipSetting = 'finalizer';
  /** The user's writes of sources. `lastAt` is by the clock of the walk. */
  readonly sourceWrites = { count: 0, underWay: 0, lastAt: 0 };
  readonly #everWritten = new Map<string, Set<string>>();

  /** All hashes that were ever written to a workload of this kind and name. */
  everWritten(label: string): Set<string> {
    const hashes = this.#everWritten.get(label) ?? new Set();
    this.#everWritten.set(label, hashes);
    return hashes;
  }

  /** Whether no source was written since this time, by the clock of the walk. */
  isUnchangedSince(time: number): boolean {
    return this.sourceWrites.underWay === 0 && this.sourceWrites.lastAt < time;
  }

  /** Must be called after every action of the user. */
  settle(): void {
    for (const workload of this.workloads) {
      if (workload === undefined) continue;
      const { hashes, recorded } = workload;
      const current = this.hashOf(workload);
      workload.current = current;
      if (current !== undefined && hashes.at(-1) !== current) hashes.push(current);
      else if (current !== undefined && recorded !== current && workload.open >= hashes.length) {
        workload.open = hashes.length - 1;
      }
      // After an opt-out or a deletion, no hash may be written, not even one that was read before.
      if (!workload.optedIn || workload.deleting) workload.open = hashes.length;
    }
  }

  /** Must be called before new passes. They read everything again, so they may not write an older hash. */
  beginPasses(): void {
    for (const workload of this.workloads) {
      if (workload === undefined) continue;
      const { hashes, current, recorded } = workload;
      const due = current !== undefined && recorded !== current;
      workload.open = due ? hashes.length - 1 : hashes.length;
    }
  }

  /** Records a hash that a process has written or adopted. Returns the problem with it, if there is one. */
  told(workload: ModelWorkload, hash: string): string | undefined {
    const at = workload.hashes.indexOf(hash, workload.open);
    workload.recorded = hash;
    if (at !== -1) {
      workload.open = at + 1;
      return undefined;
    }
    const when = workload.hashes.includes(hash) ? 'not any more' : 'never';
    return `${workload.kind}/${workload.name} got hash ${hash.slice(0, 8)}, which is ${when} that of its configuration (${workload.hashes.map((each) => each.slice(0, 8)).join(', ')}; open from ${workload.open})`;
  }

  /** The config hash by its definition; undefined if no hash may be written. */
  hashOf(workload: ModelWorkload): string | undefined {
    const { optedIn, deleting } = workload;
    if (!optedIn || deleting) return undefined;
    return this.hashWith(workload, (place) => this.sources[place]?.data);
  }

  /** Like `hashOf`, but with the data that the sources had at some moment. */
  hashWith(workload: Pick<ModelWorkload, 'references'>, dataOf: DataOf): string | undefined {
    const entries = entriesWith(workload, dataOf);
    return entries && currentHash(entries);
  }

  /**
   * The version of each source by `kind/name`, with the part of its data that counts for the
   * workload now.
   */
  givenTo(workload: ModelWorkload): ReadonlyMap<string, Given> {
    const entries = entriesWith(workload, (place) => this.sources[place]?.data) ?? [];
    return new Map(
      entries.flatMap(({ kind, name, data }) => {
        const place = sourceNames.findIndex((each) => each.kind === kind && each.name === name);
        const version = this.sources[place]?.version;
        const given = version && { version, data: JSON.stringify(data) };
        return given ? [[`${kind}/${name}`, given] as const] : [];
      }),
    );
  }
}

type DataOf = (place: number) => Readonly<Record<string, string>> | undefined;

/** Undefined if something required is missing. */
function entriesWith(
  { references }: Pick<ModelWorkload, 'references'>,
  dataOf: DataOf,
): HashedSource[] | undefined {
  const entries: HashedSource[] = [];
  for (const [place, of] of Map.groupBy(references, ({ source }) => source)) {
    const identity = sourceNames[place] ?? sourceNames[0];
    const held = dataOf(place);
    const hows = of.map(({ how }) => how);
    if (held === undefined) {
      if (hows.includes('all') || hows.includes('key')) return undefined;
      entries.push({ ...identity, data: null });
      continue;
    }
    if (hows.includes('key') && held['x'] === undefined) return undefined;
    const whole = hows.some((how) => how === 'all' || how === 'optional' || how === 'extra');
    const keys = new Set([
      ...(hows.includes('key') ? ['x'] : []),
      ...(hows.includes('volume') ? ['y'] : []),
    ]);
    const data = Object.entries(held).filter(([key]) => whole || keys.has(key));
    entries.push({ ...identity, data: Object.fromEntries(data) });
  }
  return entries;
}
