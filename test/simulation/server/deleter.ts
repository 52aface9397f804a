/** Deletes objects as the API server does: with finalizers, and with a grace period for Pods. */
import { at, type Json, type JsonMap, listOf, mapOf, textOf } from './json.ts';
import type { Resource } from './resource.ts';
import { resources } from './resources.ts';
import { conflict, details, forbidden, notFound } from './status.ts';
import type { Store, Stored } from './store.ts';
import { timeText, type WriteCall, type Writer, type WriterDeps } from './writer.ts';

export interface DeleteOptions {
  readonly propagationPolicy: string;
  readonly gracePeriodSeconds: number | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Either the deleted object, or the details for a Status without the object. */
export type Deleted = { readonly object: JsonMap } | { readonly details: JsonMap };

const orphan = 'orphan';
const foreground = 'foregroundDeletion';
const immortal = ['default', 'kube-system', 'kube-public'];

export class Deleter {
  readonly #deps: WriterDeps;
  readonly #store: Store;
  readonly #writer: Writer;

  constructor(deps: WriterDeps, writer: Writer) {
    this.#deps = deps;
    this.#store = deps.store;
    this.#writer = writer;
  }

  delete(
    resource: Resource,
    namespace: string,
    name: string,
    options: DeleteOptions,
    call: WriteCall,
  ): Deleted {
    if (resource === resources.namespaces && immortal.includes(name)) {
      throw forbidden(resource, name, 'this namespace may not be deleted');
    }
    const live = this.#store.get(resource, namespace, name);
    if (live === undefined) throw notFound(resource, name);
    assertPreconditions(live, options);
    const { admit } = this.#deps;
    admit({ verb: 'delete', resource, namespace, object: live.object, before: live.object, call });
    if (resource === resources.namespaces) return this.#deleteNamespace(live, options, call);
    return resource.isGraceful === true
      ? this.#deletePod(live, options, call)
      : this.#deletePlain(live, options, call);
  }

  #deletePlain(live: Stored, options: DeleteOptions, call: WriteCall): Deleted {
    const old = listOf(at(live.object, 'metadata', 'finalizers'));
    const finalizers = live.resource.isNoOwner ? old : finalizersFor(old, options);
    if (finalizers.length === 0) return this.#removed(live, call);
    return { object: this.#marked(live, finalizers, 0, call) };
  }

  /** The object with a deletion timestamp. */
  #marked(
    live: Stored,
    finalizers: readonly Json[],
    graceSeconds: number,
    call: WriteCall,
  ): JsonMap {
    const old = mapOf(live.object['metadata']);
    const isNew = old['deletionTimestamp'] === undefined;
    const { generation } = old;
    const { finalizers: _, ...others } = old;
    const ends = new Date(this.#deps.now().getTime() + graceSeconds * 1000);
    const metadata = {
      ...others,
      ...(isNew && typeof generation === 'number' ? { generation: generation + 1 } : {}),
      ...(isNew ? { deletionTimestamp: timeText(ends) } : {}),
      deletionGracePeriodSeconds: graceSeconds,
      ...(finalizers.length === 0 ? {} : { finalizers }),
    } as JsonMap;
    const object = { ...live.object, metadata };
    const isSameAsBefore = !isNew && finalizers.join() === listOf(old['finalizers']).join();
    if (call.dryRun || isSameAsBefore) return isSameAsBefore ? live.object : object;
    return this.#writer.replaceRaw(live, object);
  }

  #removed(live: Stored, { dryRun }: WriteCall): Deleted {
    if (!dryRun) this.#store.remove(live);
    const { group, plural } = live.resource;
    const { name, uid } = live;
    if (live.resource.returnsDeleted === true) {
      const resourceVersion = dryRun ? live.version : this.#store.version;
      const metadata = {
        ...mapOf(live.object['metadata']),
        resourceVersion: String(resourceVersion),
      };
      return { object: { ...live.object, metadata } };
    }
    return { details: details({ name, group, kind: plural, uid }) };
  }

  #deletePod(live: Stored, options: DeleteOptions, call: WriteCall): Deleted {
    const { object } = live;
    const old = mapOf(object['metadata']);
    const finalizers = finalizersFor(listOf(old['finalizers']), options);
    const phase = at(object, 'status', 'phase');
    const isOver = phase === 'Failed' || phase === 'Succeeded';
    const isBound = textOf(at(object, 'spec', 'nodeName')) !== '';
    const wanted =
      options.gracePeriodSeconds ??
      Number(at(object, 'spec', 'terminationGracePeriodSeconds') ?? 30);
    const grace = isBound && !isOver ? wanted : 0;
    if (old['deletionTimestamp'] !== undefined) {
      const left = Number(old['deletionGracePeriodSeconds'] ?? 0);
      if (left > 0 && (options.gracePeriodSeconds ?? left) >= left) return { object };
    }
    if (finalizers.length === 0 && grace === 0) {
      const marked = this.#marked(live, finalizers, 0, call);
      const now = this.#store.get(live.resource, live.namespace, live.name);
      if (!call.dryRun && now !== undefined) this.#store.remove(now);
      return { object: marked };
    }
    return { object: this.#marked(live, finalizers, grace, call) };
  }

  #deleteNamespace(live: Stored, options: DeleteOptions, call: WriteCall): Deleted {
    const { object } = live;
    const metadata = mapOf(object['metadata']);
    if (metadata['deletionTimestamp'] !== undefined) return { object };
    const { finalizers: _, ...others } = metadata;
    const finalizers = finalizersFor(listOf(metadata['finalizers']), options);
    const now = timeText(this.#deps.now());
    const marked = {
      ...object,
      metadata: {
        ...(others as JsonMap),
        deletionTimestamp: now,
        ...(finalizers.length === 0 ? {} : { finalizers }),
      },
      status: { ...mapOf(object['status']), phase: 'Terminating' },
    };
    return { object: call.dryRun ? marked : this.#writer.replaceRaw(live, marked) };
  }
}

function finalizersFor(
  old: readonly Json[],
  { propagationPolicy: policy }: DeleteOptions,
): readonly Json[] {
  const others = old.filter((each) => each !== orphan && each !== foreground);
  const keeps = policy === '';
  const orphans = policy === 'Orphan' || (keeps && old.includes(orphan));
  const waits = policy === 'Foreground' || (keeps && old.includes(foreground));
  return [...others, ...(orphans ? [orphan] : []), ...(waits ? [foreground] : [])];
}

function assertPreconditions(
  { resource, name, uid, version }: Stored,
  wanted: DeleteOptions,
): void {
  const { kind, groupOfFaults: group = resource.group } = resource;
  const as = { ...resource, group, plural: kind };
  if (wanted.uid !== '' && wanted.uid !== uid) {
    throw conflict(
      as,
      name,
      `the UID in the precondition (${wanted.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  if (wanted.resourceVersion !== '' && wanted.resourceVersion !== String(version)) {
    throw conflict(
      as,
      name,
      `the ResourceVersion in the precondition (${wanted.resourceVersion}) does not match the ResourceVersion in record (${version}). The object might have been modified`,
    );
  }
}
