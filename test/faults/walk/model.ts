/** What a walk knows of its namespace without asking: what the user did, and what follows from it. */
import type { OwnershipSetting } from '../../../lib/settings/schema.ts';
import { plantedValue } from '../../secrets/planted.ts';
import { currentHash, type HashedSource } from '../current-hash.ts';
import type { Reference } from './steps.ts';
import type { Given } from './write-note.ts';

export const sourceNames = [
  { kind: 'ConfigMap', name: 'a' },
  { kind: 'ConfigMap', name: 'b' },
  { kind: 'ConfigMap', name: 'c' },
  { kind: 'Secret', name: 's' },
  { kind: 'Secret', name: 't' },
] as const;

export const workloadNames = [
  { kind: 'Deployment', name: 'api' },
  { kind: 'Deployment', name: 'web' },
  { kind: 'StatefulSet', name: 'db' },
  { kind: 'StatefulSet', name: 'queue' },
  { kind: 'DaemonSet', name: 'agent' },
] as const;

export type WorkloadKind = (typeof workloadNames)[number]['kind'];

export type ModelSource = {
  uid: string;
  data: Readonly<Record<string, string>>;
  /** Another one with each write of the data. */
  version: number;
};

/** One of few values of a source. */
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
  /** How often the user has changed its spec. */
  edits: number;
  /** Every hash that its configuration has had, the last one that of now, while it was opted in. */
  hashes: string[];
  /** That of now; undefined where it is not opted in, or something required is missing. */
  current: string | undefined;
  adoption: 'stamp' | 'if-changed' | 'baseline';
  /** The hashes that were written to its template, as the proxies saw it. */
  writes: string[];
  /** The one that its template carries; undefined where it has none, or an operator removed it. */
  onTemplate: string | undefined;
  /** What its operator does with each of the next hashes. */
  operator: { readonly whole: boolean; times: number } | undefined;
  /** How often an operator removed one. */
  reverts: number;
  /** A hash was removed, and the workload still says so: no Pod may be taken to be current for nothing. */
  knowsLoss: boolean;
  /** It was taken on with Pods that nobody can say anything about. */
  taken: boolean;
  /** When a hash was last written or recorded, milliseconds of this machine. */
  recordedAt: number;
  /** The history of its rollouts was removed. */
  stripped: boolean;
  /** The hash that is recorded for it now: the last one written or adopted. */
  recorded: string | undefined;
  /** From which place in `hashes` on a hash may still be written. */
  open: number;
};

export class Model {
  /** In the order of `sourceNames`; undefined where it does not exist. */
  readonly sources: (ModelSource | undefined)[] = sourceNames.map(() => undefined);
  readonly workloads: (ModelWorkload | undefined)[] = workloadNames.map(() => undefined);
  ownership: OwnershipSetting = 'finalizer';
  /** Writes of sources by the user. */
  readonly sourceWrites = { count: 0, underWay: 0, lastAt: 0 };
  readonly #everWritten = new Map<string, Set<string>>();

  /** To any workload of this kind and name. */
  everWritten(label: string): Set<string> {
    const hashes = this.#everWritten.get(label) ?? new Set();
    this.#everWritten.set(label, hashes);
    return hashes;
  }

  /** Whether no source was written since then, by the clock of the walk. */
  isUnchangedSince(time: number): boolean {
    return this.sourceWrites.underWay === 0 && this.sourceWrites.lastAt < time;
  }

  /** To be called after everything that the user does. */
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
      // Whatever was read before, no write can follow an opt-out or a deletion.
      if (!workload.optedIn || workload.deleting) workload.open = hashes.length;
    }
  }

  /** What comes now reads everything anew, so nothing older can be written. */
  beginPasses(): void {
    for (const workload of this.workloads) {
      if (workload === undefined) continue;
      const { hashes, current, recorded } = workload;
      const due = current !== undefined && recorded !== current;
      workload.open = due ? hashes.length - 1 : hashes.length;
    }
  }

  /** Takes note of a hash that a process has written or recorded; what is wrong with it, if anything. */
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

  /** The config hash by the contract; undefined where nothing may be written. */
  hashOf(workload: ModelWorkload): string | undefined {
    const { optedIn, deleting } = workload;
    if (!optedIn || deleting) return undefined;
    return this.hashWith(workload, (place) => this.sources[place]?.data);
  }

  /** As `hashOf`, of what sources held at some moment. */
  hashWith(workload: Pick<ModelWorkload, 'references'>, dataOf: DataOf): string | undefined {
    const entries = entriesWith(workload, dataOf);
    return entries && currentHash(entries);
  }

  /** What of each source counts for a workload now, by `kind/name`. */
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

/** Undefined where something required is missing. */
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
