/**
 * Deletes objects whose owners no longer exist, and completes deletions with the finalizers `orphan`
 * and `foregroundDeletion`. Like the real collector, it checks only objects that a change affects.
 */
import { isSame, type Json, type JsonMap, listOf, mapsOf, textOf } from '../json.ts';
import { resourceOfKind } from '../resources.ts';
import type { Change, Store, Stored } from '../store.ts';
import {
  asController,
  type Controller,
  type ControllerDeps,
  metadataOf,
  stepName,
  tryTo,
} from './controller.ts';

const name = 'garbage collector';
const orphan = 'orphan';
const foreground = 'foregroundDeletion';

const ownersOf = (stored: Stored): JsonMap[] => mapsOf(metadataOf(stored)['ownerReferences']);
const finalizersOf = (stored: Stored) => listOf(metadataOf(stored)['finalizers']);
const isDeleting = (stored: Stored) => metadataOf(stored)['deletionTimestamp'] !== undefined;
const waitsFor = (finalizer: string, stored: Stored | undefined): boolean =>
  stored !== undefined && isDeleting(stored) && finalizersOf(stored).includes(finalizer);
const waitsForDependents = (stored: Stored) => waitsFor(foreground, stored);
const blocks = ({ blockOwnerDeletion }: JsonMap): boolean => blockOwnerDeletion === true;

export class GarbageCollector implements Controller {
  readonly name = name;
  readonly #deps: ControllerDeps;
  /** The uids of the objects to check. */
  readonly #queue = new Set<string>();

  constructor(deps: ControllerDeps) {
    this.#deps = deps;
  }

  pending(): string[] {
    return [...this.#queue].flatMap((uid) => {
      const stored = this.#deps.store.byUid(uid);
      if (stored === undefined) this.#queue.delete(uid);
      return stored === undefined ? [] : [nameOfStep(stored)];
    });
  }

  run(step: string): void {
    for (const uid of this.#queue) {
      const stored = this.#deps.store.byUid(uid);
      if (stored === undefined || nameOfStep(stored) !== step) continue;
      this.#queue.delete(uid);
      this.#process(stored);
      return;
    }
  }

  /** Queues the objects that a change affects. */
  observe({ type, stored, before }: Change): void {
    const { store } = this.#deps;
    if (type === 'DELETED') {
      for (const each of store.dependentsOf(stored.uid)) this.#queue.add(each.uid);
      for (const { uid } of ownersOf(stored)) {
        const owner = store.byUid(textOf(uid));
        if (owner !== undefined && waitsForDependents(owner)) this.#queue.add(owner.uid);
      }
      return;
    }
    this.#observeOwners(stored, before);
    if (waitsFor(orphan, stored) && !waitsFor(orphan, before)) this.#queue.add(stored.uid);
    if (!waitsForDependents(stored) || waitsFor(foreground, before)) return;
    for (const each of store.dependentsOf(stored.uid)) this.#queue.add(each.uid);
    this.#queue.add(stored.uid);
  }

  #observeOwners(stored: Stored, before: Stored | undefined): void {
    const old = before === undefined ? [] : ownersOf(before);
    const now = ownersOf(stored);
    if (old === now || isSame(old, now)) return;
    for (const owner of now) {
      const known = old.find(({ uid }) => uid === owner['uid']);
      if (known === undefined && stateOf(this.#deps.store, stored, owner) === 'dangling') {
        this.#queue.add(stored.uid);
      }
      if (known !== undefined && blocks(known) && !blocks(owner)) this.#queueOwner(owner);
    }
    for (const owner of old) {
      if (blocks(owner) && !now.some(({ uid }) => uid === owner['uid'])) this.#queueOwner(owner);
    }
  }

  #queueOwner({ uid }: JsonMap): void {
    const owner = this.#deps.store.byUid(textOf(uid));
    if (owner !== undefined) this.#queue.add(owner.uid);
  }

  #process(stored: Stored): void {
    if (waitsFor(orphan, stored)) this.#orphanDependents(stored);
    else if (waitsForDependents(stored)) this.#waitForDependents(stored);
    else if (!isDeleting(stored)) this.#judge(stored);
  }

  #orphanDependents(owner: Stored): void {
    for (const each of this.#deps.store.dependentsOf(owner.uid)) {
      this.#removeOwners(each, [owner.uid]);
    }
    this.#removeFinalizer(owner, orphan);
  }

  #waitForDependents(owner: Stored): void {
    const blocking = this.#deps.store
      .dependentsOf(owner.uid)
      .filter((each) => ownersOf(each).some((it) => it['uid'] === owner.uid && blocks(it)));
    if (blocking.length === 0) this.#removeFinalizer(owner, foreground);
    for (const each of blocking) if (!waitsForDependents(each)) this.#queue.add(each.uid);
  }

  #judge(stored: Stored): void {
    const { store } = this.#deps;
    const owners = ownersOf(stored);
    if (owners.length === 0) return;
    const states = owners.map((owner) => stateOf(store, stored, owner));
    const gone = owners.filter((_, at) => states[at] !== 'solid').map(({ uid }) => textOf(uid));
    if (gone.length < owners.length) {
      if (gone.length > 0) this.#removeOwners(stored, gone);
      return;
    }
    const dependents = store.dependentsOf(stored.uid);
    if (states.includes('waiting') && dependents.length > 0) {
      if (dependents.some(waitsForDependents)) this.#unblock(stored);
      this.#delete(stored, 'Foreground');
      return;
    }
    const finalizers = finalizersOf(stored);
    if (finalizers.includes(orphan)) this.#delete(stored, 'Orphan');
    else this.#delete(stored, finalizers.includes(foreground) ? 'Foreground' : 'Background');
  }

  #delete({ resource, namespace, name: own, uid }: Stored, propagationPolicy: string): void {
    const options = { uid, propagationPolicy, gracePeriodSeconds: undefined, resourceVersion: '' };
    tryTo(() => this.#deps.deleter.delete(resource, namespace, own, options, asController));
  }

  #removeOwners(stored: Stored, uids: readonly string[]): void {
    this.#change(stored, 'ownerReferences', (owners) =>
      mapsOf(owners).filter(({ uid }) => !uids.includes(textOf(uid))),
    );
  }

  /** Without this change, objects that own each other would wait for each other. */
  #unblock(stored: Stored): void {
    this.#change(stored, 'ownerReferences', (owners) =>
      mapsOf(owners).map((each) => (blocks(each) ? { ...each, blockOwnerDeletion: false } : each)),
    );
  }

  #removeFinalizer(stored: Stored, finalizer: string): void {
    this.#change(stored, 'finalizers', (all) => listOf(all).filter((each) => each !== finalizer));
  }

  #change(
    { resource, namespace, name: own }: Stored,
    field: string,
    change: (value: Json | undefined) => readonly Json[],
  ): void {
    const changed = (live: JsonMap): JsonMap => {
      const metadata = live['metadata'] as JsonMap;
      return { ...live, metadata: { ...metadata, [field]: change(metadata[field]) } };
    };
    tryTo(() => this.#deps.writer.update(resource, namespace, own, changed, asController));
  }
}

const nameOfStep = (stored: Stored): string => stepName(name, 'look at', stored.resource, stored);

type OwnerState = 'solid' | 'dangling' | 'waiting';

function stateOf(store: Store, stored: Stored, owner: JsonMap): OwnerState {
  const resource = resourceOfKind(textOf(owner['apiVersion']), textOf(owner['kind']));
  // The collector cannot know whether an object of an unknown kind exists.
  if (resource === undefined) return 'solid';
  const namespace = resource.isNamespaced ? stored.namespace : '';
  const found = store.get(resource, namespace, textOf(owner['name']));
  if (found === undefined || found.uid !== owner['uid']) return 'dangling';
  return waitsForDependents(found) ? 'waiting' : 'solid';
}
