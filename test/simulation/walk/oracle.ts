/**
 * Records each change of objects, as the server reports it. The records show the configuration of each
 * workload at each time, and the hashes that were written.
 */
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import type { SimulatedWrite } from '../server/server.ts';
import { account } from '../world/network.ts';
import { hashOf, type SourceKind, templateHash, usedSources } from './configuration.ts';
import { keys } from './names.ts';
import { beforeOf, objectOf } from './seen.ts';
import { regardedUid, WriteMemory } from './write-memory.ts';
import type { Writer } from './writer.ts';

/** A value that is valid from a time until the next entry. */
export interface Since<T> {
  readonly from: number;
  readonly value: T;
}

export interface Note {
  readonly hash: string;
  readonly at: number;
  readonly writer: Writer;
  /** The time at which the pass of the writer began. */
  readonly began: number;
  /** Whether the Event that counted this write has expired. */
  isForgotten: boolean;
}

/** One workload, from its creation to its end. */
export interface Tracked {
  readonly label: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  object: KubernetesObject;
  isDeleted: boolean;
  /** The hashes of its configuration over time; undefined while nothing may be written. */
  readonly configurations: Since<string | undefined>[];
  readonly annotations: Since<Readonly<Record<string, string>>>[];
  /** The hashes that were written to its template. */
  readonly notes: Note[];
  /** The hash of the configuration that was last written, or recorded without a restart. */
  recorded: Since<string> | undefined;
  /** Whether `recorded` is based only on the assumption that the Pods are current. */
  isAssumed: boolean;
  /** The number of times that another client has removed a hash from its template. */
  removals: number;
  lastRemovalAt: number;
  /** The number of hashes when another client last removed the records of its rollouts. */
  stripped: number;
  /** The start of an unfinished rollout that wave-cron started; undefined: none is unfinished. */
  unfinishedSince: number | undefined;
  /** Whether its status shows that not all its Pods have the template with the hash, over time. */
  readonly incomplete: Since<boolean>[];
}

const workloadResources = new Set(['deployments', 'statefulsets', 'daemonsets']);

/** @returns the values that were true at some time within these bounds */
export function within<T>(all: readonly Since<T>[], from: number, to: number): readonly T[] {
  return all
    .filter((each, place) => each.from <= to && (all[place + 1]?.from ?? Infinity) >= from)
    .map(({ value }) => value);
}

type SourceData = Readonly<Record<string, string>>;

/** The key of a source that is named as in `ConfigMap/name`. */
function keyOf(source: string, namespace: string): string {
  const [kind, name] = source.split('/');
  return `${kind === 'Secret' ? 'secrets' : 'configmaps'}/${namespace}/${name}`;
}

/** The last of the times of the sources that the workload references; 0 if there is none. */
function lastOf(
  { namespace, object }: Pick<Tracked, 'namespace' | 'object'>,
  timeOf: (key: string) => number | undefined,
): number {
  const all = [...usedSources(object)].map((each) => timeOf(keyOf(each, namespace)) ?? 0);
  return Math.max(0, ...all);
}

export class Oracle {
  readonly objects = new Map<string, KubernetesObject>();
  /** The workloads by uid, including deleted workloads. */
  readonly workloads = new Map<string, Tracked>();
  readonly namespaceAnnotations = new Map<string, Since<Readonly<Record<string, string>>>[]>();
  readonly #now: () => number;
  readonly #isByNamespace: boolean;
  readonly #memory = new WriteMemory();
  /**
   * The time of the last change of a source by others, by `resource/namespace/name` of the source. A
   * change of a label also changes the time in the managed fields of its manager, which may own the
   * data too.
   */
  readonly #sourceChanges = new Map<string, number>();
  /** The data of each source over time, by the same keys. */
  readonly #sourceData = new Map<string, Since<SourceData | undefined>[]>();

  /** @param isByNamespace whether the annotation of a namespace opts workloads in */
  constructor(now: () => number, isByNamespace: boolean) {
    this.#now = now;
    this.#isByNamespace = isByNamespace;
  }

  find(resource: string, namespace: string, name: string): KubernetesObject | undefined {
    return this.objects.get(`${resource}/${namespace}/${name}`);
  }

  /** The workloads that exist. */
  get live(): readonly Tracked[] {
    return [...this.workloads.values()].filter(({ isDeleted }) => !isDeleted);
  }

  /** @returns the changed workload; undefined if another object changed */
  see(write: SimulatedWrite): Tracked | undefined {
    const object = objectOf(write);
    const { metadata } = object;
    const key = `${write.resource}/${metadata.namespace ?? ''}/${metadata.name}`;
    if (write.verb === 'delete') this.objects.delete(key);
    else this.objects.set(key, object);
    if (write.resource === 'events') {
      this.#memory.seeEvent(write, object, this.workloads.get(regardedUid(object)));
    }
    if (write.resource === 'namespaces') this.#seeNamespace(object, write.verb === 'delete');
    if (write.resource === 'configmaps' || write.resource === 'secrets') {
      const before = beforeOf(write);
      const isSame = JSON.stringify(before?.data) === JSON.stringify(object.data);
      if (write.by !== account) this.#sourceChanges.set(key, this.#now());
      if (write.verb === 'update' && isSame) return undefined;
      this.#seeData(key, object);
      this.#judge(metadata.namespace ?? '');
    }
    return workloadResources.has(write.resource)
      ? this.#seeWorkload(write, object, beforeOf(write))
      : undefined;
  }

  /** Records a hash that was written to a template, or recorded without a restart. */
  note(tracked: Tracked, hash: string, note: Note | undefined, isAssumed = false): void {
    if (note !== undefined) {
      tracked.notes.push(note);
    }
    tracked.recorded = { from: this.#now(), value: hash };
    tracked.isAssumed = isAssumed;
  }

  /** The last configuration of a workload according to its records. */
  given({ object }: Tracked): string | undefined {
    const hash = templateHash(object);
    const text = object.metadata.annotations?.[keys.adopted];
    const adopted = text === undefined ? undefined : parsed(text);
    return adopted?.template === (hash ?? '') ? adopted.config : hash;
  }

  hashNow(object: KubernetesObject): string | undefined {
    const namespace = object.metadata.namespace ?? '';
    return hashOf(object, (kind, name) => this.dataOf(kind, namespace, name));
  }

  dataOf(
    kind: SourceKind,
    namespace: string,
    name: string,
  ): Readonly<Record<string, string>> | undefined {
    const object = this.find(kind === 'Secret' ? 'secrets' : 'configmaps', namespace, name);
    if (object === undefined || kind === 'ConfigMap') return object && (object.data ?? {});
    const data = Object.entries(object.data ?? {});
    return Object.fromEntries(
      data.map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]),
    );
  }

  #seeData(key: string, { kind, metadata: { namespace = '', name } }: KubernetesObject): void {
    const value = this.dataOf(kind === 'Secret' ? 'Secret' : 'ConfigMap', namespace, name);
    const all = this.#sourceData.get(key) ?? [{ from: 0, value: undefined }];
    this.#sourceData.set(key, all);
    all.push({ from: this.#now(), value });
  }

  /**
   * The hashes that a pass may compute for this workload if it reads each source at any time within
   * these bounds. A pass cannot read all sources at the same time.
   */
  hashesWithin(object: KubernetesObject, from: number, to: number): ReadonlySet<string> {
    const { namespace = '' } = object.metadata;
    let readings: ReadonlyMap<string, SourceData | undefined>[] = [new Map()];
    for (const source of usedSources(object)) {
      const data = within(this.#sourceData.get(keyOf(source, namespace)) ?? [], from, to);
      const possible = data.length === 0 ? [undefined] : data;
      readings = readings.flatMap((each) =>
        possible.map((value) => new Map([...each, [source, value]])),
      );
    }
    const hashes = readings.map((each) =>
      hashOf(object, (kind, name) => each.get(`${kind}/${name}`)),
    );
    return new Set(hashes.filter((each) => each !== undefined));
  }

  /** The time of the last write of data of any source that the workload references. */
  lastSourceWriteOf(workload: Pick<Tracked, 'namespace' | 'object'>): number {
    return lastOf(workload, (key) => {
      // No object shows the time at which a source was deleted.
      const written = this.#sourceData.get(key)?.findLast(({ value }) => value !== undefined);
      return written?.from;
    });
  }

  /** The time of the last change of any source that the workload references. */
  lastSourceChangeOf(workload: Pick<Tracked, 'namespace' | 'object'>): number {
    return lastOf(workload, (key) => this.#sourceChanges.get(key));
  }

  isOptedIn({ metadata }: KubernetesObject): boolean {
    const own = metadata.annotations?.[keys.optIn];
    if (own !== undefined) return own === 'true';
    if (!this.#isByNamespace) return false;
    const namespace = this.find('namespaces', '', metadata.namespace ?? '');
    return namespace?.metadata.annotations?.[keys.optIn] === 'true';
  }

  #seeNamespace({ metadata }: KubernetesObject, isDeleted: boolean): void {
    const all = this.namespaceAnnotations.get(metadata.name) ?? [];
    this.namespaceAnnotations.set(metadata.name, all);
    all.push({ from: this.#now(), value: isDeleted ? {} : (metadata.annotations ?? {}) });
    this.#judge(metadata.name);
    for (const each of this.live) if (each.namespace === metadata.name) this.#followRollout(each);
  }

  #judge(namespace: string): void {
    for (const each of this.live) if (each.namespace === namespace) this.#judgeOne(each);
  }

  #judgeOne(tracked: Tracked): void {
    const { object, configurations } = tracked;
    const isOpen = this.isOptedIn(object) && object.metadata['deletionTimestamp'] === undefined;
    const value = isOpen ? this.hashNow(object) : undefined;
    if (configurations.length > 0 && configurations.at(-1)?.value === value) return;
    configurations.push({ from: this.#now(), value });
  }

  #seeWorkload(
    { verb, by }: SimulatedWrite,
    object: KubernetesObject,
    before: KubernetesObject | undefined,
  ): Tracked {
    const { metadata, kind } = object;
    const uid = metadata.uid ?? '';
    const tracked = this.workloads.get(uid) ?? newTracked(object, kind);
    this.workloads.set(uid, tracked);
    tracked.object = object;
    tracked.isDeleted = verb === 'delete';
    const now = this.#now();
    const annotations = metadata.annotations ?? {};
    if (JSON.stringify(tracked.annotations.at(-1)?.value) !== JSON.stringify(annotations)) {
      tracked.annotations.push({ from: now, value: annotations });
    }
    if (by !== account && before !== undefined && verb === 'update') {
      noteRemoval(tracked, before, now);
    }
    this.#judgeOne(tracked);
    // A new hash from wave-cron counts only after its check (see `rolls`).
    if (by !== account) this.#followRollout(tracked);
    return tracked;
  }

  #followRollout(tracked: Tracked): void {
    const { object, notes } = tracked;
    const hash = templateHash(object);
    const isOurs = hash !== undefined && notes.at(-1)?.hash === hash;
    const isUnfinished =
      isOurs && !tracked.isDeleted && isActive(object, this) && !isComplete(object);
    const value = hash !== undefined && isObserved(object) && !isComplete(object);
    if (tracked.incomplete.at(-1)?.value !== value) {
      tracked.incomplete.push({ from: this.#now(), value });
    }
    if (!isUnfinished) tracked.unfinishedSince = undefined;
    else tracked.unfinishedSince ??= this.#now();
  }

  /** Updates the state of the rollout. Call it after `note`. */
  rolls(tracked: Tracked): void {
    this.#followRollout(tracked);
  }
}

function newTracked(object: KubernetesObject, kind: string): Tracked {
  const { name, namespace = '', uid = '' } = object.metadata;
  return {
    ...{ label: `${kind}/${namespace}/${name}`, kind, namespace, name, uid, object },
    ...{ configurations: [], annotations: [], notes: [] },
    ...{ isDeleted: false, recorded: undefined, removals: 0, lastRemovalAt: 0 },
    ...{ stripped: 0, isAssumed: false, unfinishedSince: undefined },
    incomplete: [],
  };
}

function noteRemoval(tracked: Tracked, before: KubernetesObject, now: number): void {
  const { object } = tracked;
  const lost = (key: string): boolean =>
    before.metadata.annotations?.[key] !== undefined &&
    object.metadata.annotations?.[key] === undefined;
  const hasLostHash = templateHash(before) !== undefined && templateHash(object) === undefined;
  if (hasLostHash || lost(keys.adopted)) {
    tracked.removals += 1;
    tracked.lastRemovalAt = now;
  }
  if (lost(keys.history)) tracked.stripped = tracked.notes.length;
}

/** Whether the controller of the workload replaces Pods, and passes handle the workload. */
export function isActive(object: KubernetesObject, oracle: Oracle): boolean {
  const { metadata, spec = {}, status = {}, kind } = object;
  const desired = Number(
    kind === 'DaemonSet' ? (status['desiredNumberScheduled'] ?? 0) : (spec['replicas'] ?? 1),
  );
  const namespace = oracle.find('namespaces', '', metadata.namespace ?? '');
  // In a namespace that is being deleted, a StatefulSet without its old revision counts as complete.
  const isDeleting = [metadata, namespace?.metadata].some(
    (each) => each?.['deletionTimestamp'] !== undefined,
  );
  return !isDeleting && oracle.isOptedIn(object) && spec['paused'] !== true && desired > 0;
}

/** Whether the controller has observed the last change. */
function isObserved({ metadata, status = {} }: Pick<KubernetesObject, 'metadata' | 'status'>) {
  return Number(status['observedGeneration'] ?? 0) >= Number(metadata['generation'] ?? 0);
}

/** Whether all Pods of the workload have its current template and are available. */
export function isComplete({ kind, metadata, spec = {}, status = {} }: KubernetesObject): boolean {
  const count = (name: string): number => Number(status[name] ?? 0);
  if (!isObserved({ metadata, status })) return false;
  if (kind === 'DaemonSet') {
    const desired = count('desiredNumberScheduled');
    return count('updatedNumberScheduled') >= desired && count('numberAvailable') >= desired;
  }
  const desired = Number(spec['replicas'] ?? 1);
  const isUpdated = count('updatedReplicas') >= desired && count('availableReplicas') >= desired;
  return isUpdated && count('replicas') <= desired;
}

interface Adopted {
  readonly template: string;
  readonly config: string;
}

export function parsed(text: string): Adopted | undefined {
  try {
    return JSON.parse(text) as Adopted;
  } catch {
    return undefined;
  }
}
