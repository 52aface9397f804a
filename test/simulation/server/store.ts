/** The objects of the simulated API server with their versions, and the recent changes. */
import { type JsonMap, mapOf, mapsOf, textOf } from './json.ts';
import type { Resource } from './resource.ts';

export interface Stored {
  readonly resource: Resource;
  /** Empty for a cluster-scoped object. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The object without apiVersion and kind. */
  readonly object: JsonMap;
  readonly version: number;
}

export interface Change {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly stored: Stored;
  readonly before: Stored | undefined;
}

type Named = Map<string, Stored>;

/** The minimum number of changes that the store keeps. */
const keptChanges = 4_000;
const firstVersion = 100;

export class Store {
  readonly #objects = new Map<Resource, Map<string, Named>>();
  readonly #sorted = new Map<Named, readonly Stored[]>();
  readonly #byUid = new Map<string, Stored>();
  readonly #dependents = new Map<string, Set<string>>();
  #changes: Change[] = [];
  #version = firstVersion;
  #compacted = firstVersion;
  readonly #onChange: (change: Change) => void;

  constructor(onChange: (change: Change) => void) {
    this.#onChange = onChange;
  }

  /** The version of the last change. */
  get version(): number {
    return this.#version;
  }

  /** The store has forgotten the changes up to this version. */
  get compacted(): number {
    return this.#compacted;
  }

  /** Forgets all changes until now. Continue tokens and versions for watches expire. */
  compact(): void {
    this.#changes = [];
    this.#compacted = this.#version;
  }

  get(resource: Resource, namespace: string, name: string): Stored | undefined {
    return this.#objects.get(resource)?.get(namespace)?.get(name);
  }

  byUid(uid: string): Stored | undefined {
    return this.#byUid.get(uid);
  }

  /** The objects with an owner reference to this uid. */
  dependentsOf(uid: string): Stored[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((each) => this.#byUid.get(each) ?? []);
  }

  /** All objects of a resource, sorted by name. */
  list(resource: Resource, namespace?: string): readonly Stored[] {
    const namespaces = this.#objects.get(resource);
    if (namespaces === undefined) return [];
    if (namespace !== undefined) return this.#inOrder(namespaces.get(namespace));
    const names = [...namespaces.keys()].sort();
    return names.flatMap((each) => this.#inOrder(namespaces.get(each)));
  }

  #inOrder(named: Named | undefined): readonly Stored[] {
    if (named === undefined) return [];
    const known = this.#sorted.get(named);
    if (known !== undefined) return known;
    const sorted = [...named.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    this.#sorted.set(named, sorted);
    return sorted;
  }

  /** The objects at an earlier version that is not compacted. */
  listAt(version: number, resource: Resource, namespace?: string): readonly Stored[] {
    const now = this.list(resource, namespace);
    const later = this.changesSince(version, resource, namespace);
    if (later.length === 0) return now;
    const then = new Map(now.map((each) => [`${each.namespace}/${each.name}`, each]));
    for (const { stored, before } of later.toReversed()) {
      const key = `${stored.namespace}/${stored.name}`;
      if (before === undefined) then.delete(key);
      else then.set(key, before);
    }
    return [...then].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  }

  changesSince(version: number, resource: Resource, namespace?: string): Change[] {
    return this.#changes.filter(
      ({ version: its, stored }) =>
        its > version &&
        stored.resource === resource &&
        (namespace === undefined || stored.namespace === namespace),
    );
  }

  /** Stores an object as a new version. */
  put(resource: Resource, namespace: string, object: JsonMap): Stored {
    const metadata = mapOf(object['metadata']);
    const name = textOf(metadata['name']);
    const before = this.get(resource, namespace, name);
    const stored = this.#next(resource, namespace, name, object);
    const named = this.#namedIn(resource, namespace);
    named.set(name, stored);
    this.#sorted.delete(named);
    this.#index(stored, before);
    this.#note({
      ...{ version: stored.version, stored, before },
      type: before === undefined ? 'ADDED' : 'MODIFIED',
    });
    return stored;
  }

  remove(before: Stored): void {
    const { resource, namespace, name, object, uid } = before;
    const named = this.#namedIn(resource, namespace);
    named.delete(name);
    this.#sorted.delete(named);
    this.#byUid.delete(uid);
    this.#unlink(before);
    const stored = this.#next(resource, namespace, name, object);
    this.#note({ version: stored.version, type: 'DELETED', stored, before });
  }

  #next(resource: Resource, namespace: string, name: string, object: JsonMap): Stored {
    this.#version += 1;
    const version = this.#version;
    const metadata = inOrder({ ...mapOf(object['metadata']), resourceVersion: String(version) });
    const uid = textOf(metadata['uid']);
    return { resource, namespace, name, uid, object: { ...object, metadata }, version };
  }

  #namedIn(resource: Resource, namespace: string): Named {
    let namespaces = this.#objects.get(resource);
    if (namespaces === undefined) {
      namespaces = new Map();
      this.#objects.set(resource, namespaces);
    }
    let named = namespaces.get(namespace);
    if (named === undefined) {
      named = new Map();
      namespaces.set(namespace, named);
    }
    return named;
  }

  #index(stored: Stored, before: Stored | undefined): void {
    this.#byUid.set(stored.uid, stored);
    const owners = ownersOf(stored);
    if (before !== undefined && owners === ownersOf(before)) return;
    if (before !== undefined) this.#unlink(before);
    for (const { uid } of mapsOf(owners)) {
      const known = this.#dependents.get(textOf(uid));
      if (known === undefined) this.#dependents.set(textOf(uid), new Set([stored.uid]));
      else known.add(stored.uid);
    }
  }

  #unlink(stored: Stored): void {
    for (const { uid } of mapsOf(ownersOf(stored))) {
      const known = this.#dependents.get(textOf(uid));
      known?.delete(stored.uid);
      if (known?.size === 0) this.#dependents.delete(textOf(uid));
    }
  }

  #note(change: Change): void {
    this.#changes.push(change);
    if (this.#changes.length > 2 * keptChanges) {
      this.#compacted = this.#changes[keptChanges - 1]?.version ?? this.#compacted;
      this.#changes = this.#changes.slice(keptChanges);
    }
    this.#onChange(change);
  }
}

const ownersOf = ({ object }: Stored) => mapOf(object['metadata'])['ownerReferences'];

const metadataFields = [
  ...['name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'generation'],
  ...['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'labels'],
  ...['annotations', 'ownerReferences', 'finalizers', 'managedFields'],
];

/** The metadata with its fields in the order of the API server. */
export function inOrder(metadata: JsonMap): JsonMap {
  const result: Record<string, JsonMap[string]> = {};
  for (const field of metadataFields) {
    const value = metadata[field];
    if (value !== undefined) result[field] = value;
  }
  return result;
}
