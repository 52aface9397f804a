/** Deletes objects whose owners are gone, and does what the finalizers `orphan` and `foregroundDeletion` wait for. */
import { type JsonMap, listOf, mapsOf, textOf } from '../json.ts';
import { resourceOfKind } from '../resources.ts';
import type { Store, Stored } from '../store.ts';
import {
  asController,
  type Controller,
  type ControllerDeps,
  controllerOf,
  metadataOf,
  stepName,
  tryTo,
} from './controller.ts';

const name = 'garbage collector';
const orphan = 'orphan';
const foreground = 'foregroundDeletion';
const byUid = { gracePeriodSeconds: undefined, resourceVersion: '' } as const;

export function garbageCollector(deps: ControllerDeps): Controller {
  return controllerOf(name, () => new Map([...finalizerSteps(deps), ...ownerSteps(deps)]));
}

const ownersOf = (stored: Stored): JsonMap[] => mapsOf(metadataOf(stored)['ownerReferences']);
const finalizersOf = (stored: Stored) => listOf(metadataOf(stored)['finalizers']);
const isDeleting = (stored: Stored) => metadataOf(stored)['deletionTimestamp'] !== undefined;
const waitsForDependents = (stored: Stored) =>
  isDeleting(stored) && finalizersOf(stored).includes(foreground);

type Steps = [string, () => void][];

function finalizerSteps(deps: ControllerDeps): Steps {
  const { store } = deps;
  return store.deleting().flatMap((stored): Steps => {
    const finalizers = finalizersOf(stored);
    if (finalizers.includes(orphan)) {
      return [
        [
          stepName(name, 'orphan dependents of', stored.resource, stored),
          () => orphanAll(deps, stored),
        ],
      ];
    }
    if (!finalizers.includes(foreground)) return [];
    const blocking = blockingDependents(store, stored);
    if (blocking.length === 0) {
      const finish = () => removeFinalizer(deps, stored, foreground);
      return [[stepName(name, 'finish', stored.resource, stored), finish]];
    }
    return [];
  });
}

function blockingDependents(store: Store, owner: Stored): Stored[] {
  return store
    .dependentsOf(owner.uid)
    .filter((each) =>
      ownersOf(each).some(
        ({ uid, blockOwnerDeletion }) => uid === owner.uid && blockOwnerDeletion === true,
      ),
    );
}

function orphanAll(deps: ControllerDeps, owner: Stored): void {
  for (const dependent of deps.store.dependentsOf(owner.uid)) {
    removeOwners(deps, dependent, [owner.uid]);
  }
  removeFinalizer(deps, owner, orphan);
}

function removeOwners({ writer }: ControllerDeps, stored: Stored, uids: readonly string[]): void {
  const { resource, namespace, name: own } = stored;
  const change = (live: JsonMap): JsonMap => {
    const metadata = live['metadata'] as JsonMap;
    const left = mapsOf(metadata['ownerReferences']).filter(
      ({ uid }) => !uids.includes(textOf(uid)),
    );
    return { ...live, metadata: { ...metadata, ownerReferences: left } };
  };
  tryTo(() => writer.update(resource, namespace, own, change, asController));
}

function removeFinalizer({ writer }: ControllerDeps, stored: Stored, finalizer: string): void {
  const { resource, namespace, name: own } = stored;
  const change = (live: JsonMap): JsonMap => {
    const metadata = live['metadata'] as JsonMap;
    const finalizers = listOf(metadata['finalizers']).filter((each) => each !== finalizer);
    return { ...live, metadata: { ...metadata, finalizers } };
  };
  tryTo(() => writer.update(resource, namespace, own, change, asController));
}

function ownerSteps(deps: ControllerDeps): Steps {
  const dependents = new Set<Stored>();
  for (const uid of deps.store.ownerUids()) {
    for (const each of deps.store.dependentsOf(uid)) dependents.add(each);
  }
  return [...dependents].flatMap((stored): Steps => {
    const verdict = verdictOn(deps.store, stored);
    if (verdict === undefined) return [];
    return [
      [stepName(name, verdict.verb, stored.resource, stored), () => act(deps, stored, verdict)],
    ];
  });
}

type Verdict =
  | { readonly verb: 'remove owners of'; readonly uids: readonly string[] }
  | { readonly verb: 'delete'; readonly policy: string }
  | { readonly verb: 'unblock and delete'; readonly policy: string };

/** What is to be done with an object that has owners; undefined: nothing. */
function verdictOn(store: Store, stored: Stored): Verdict | undefined {
  if (isDeleting(stored) && !waitsForDependents(stored)) return undefined;
  // It waits for its own dependents first.
  if (waitsForDependents(stored)) return undefined;
  const owners = ownersOf(stored).map((each) => [
    textOf(each['uid']),
    stateOf(store, stored, each),
  ]);
  const of = (state: string) => owners.filter(([, its]) => its === state).map(([uid = '']) => uid);
  const [solid, dangling, waiting] = [of('solid'), of('dangling'), of('waiting')];
  if (solid.length > 0) {
    const uids = [...dangling, ...waiting];
    return uids.length === 0 ? undefined : { verb: 'remove owners of', uids };
  }
  const hasDependents = store.dependentsOf(stored.uid).length > 0;
  if (waiting.length > 0 && hasDependents) return { verb: 'delete', policy: 'Foreground' };
  const finalizers = finalizersOf(stored);
  if (finalizers.includes(orphan)) return { verb: 'delete', policy: 'Orphan' };
  return { verb: 'delete', policy: finalizers.includes(foreground) ? 'Foreground' : 'Background' };
}

type OwnerState = 'solid' | 'dangling' | 'waiting';

function stateOf(store: Store, stored: Stored, owner: JsonMap): OwnerState {
  const resource = resourceOfKind(textOf(owner['apiVersion']), textOf(owner['kind']));
  // The collector cannot say that an object of an unknown kind does not exist.
  if (resource === undefined) return 'solid';
  const namespace = resource.isNamespaced ? stored.namespace : '';
  const found = store.get(resource, namespace, textOf(owner['name']));
  if (found === undefined || found.uid !== owner['uid']) return 'dangling';
  return waitsForDependents(found) ? 'waiting' : 'solid';
}

function act(deps: ControllerDeps, stored: Stored, verdict: Verdict): void {
  if (verdict.verb === 'remove owners of') {
    removeOwners(deps, stored, verdict.uids);
    return;
  }
  const { resource, namespace, name: own, uid } = stored;
  const options = { ...byUid, uid, propagationPolicy: verdict.policy };
  tryTo(() => deps.deleter.delete(resource, namespace, own, options, asController));
}
