/** Creates, updates and deletes objects with the same checks, in the same order, as the API server. */
import { at, isSame, type JsonMap, mapOf, textOf } from './json.ts';
import { afterApply, afterUpdate, type FieldRules, type Manager } from './managed-fields.ts';
import { metadataFaults, metadataUpdateFaults, nameFaults } from './metadata-rules.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { resources } from './resources.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  type Fault,
  forbidden,
  invalid,
  invalidValue,
  notFound,
  StatusError,
} from './status.ts';
import { inOrder, type Store, type Stored } from './store.ts';
import { duplicateIn } from './typed.ts';
import { isFinished, prepared, withDistinctOwners, withOldTimes } from './update-rules.ts';

/** The client and the type of a write. */
export interface WriteCall {
  readonly manager: string;
  readonly user: string;
  readonly dryRun: boolean;
  /** Empty, or `status`. */
  readonly subresource: string;
}

/** The data of a write that admission gets. */
export interface Attempt {
  readonly verb: 'create' | 'update' | 'delete';
  readonly resource: Resource;
  readonly namespace: string;
  readonly object: JsonMap;
  readonly before: JsonMap | undefined;
  readonly call: WriteCall;
}

export interface WriterDeps {
  readonly store: Store;
  now(): Date;
  /** Returns a new uid. `newSuffix` returns the random end of a generated name. */
  newUid(): string;
  newSuffix(): string;
  /** @throws StatusError if the write is not allowed */
  admit(attempt: Attempt): void;
}

/** The result of a write. */
export interface Written {
  readonly object: JsonMap;
  readonly isCreated: boolean;
}

export class Writer {
  readonly #deps: WriterDeps;

  constructor(deps: WriterDeps) {
    this.#deps = deps;
  }

  create(resource: Resource, namespace: string, body: JsonMap, call: WriteCall): JsonMap {
    const given = this.#inNamespace(resource, namespace, resource.decode(body));
    const named = this.#named(given);
    this.#assertNamespace(resource, namespace, nameOf(named), true);
    const rules = fieldRules(resource, '');
    const managed = afterUpdate(rules, undefined, named, managerOf(resource, call), this.#time());
    return this.#insert(resource, namespace, managed, call);
  }

  #insert(resource: Resource, namespace: string, given: JsonMap, call: WriteCall): JsonMap {
    const { store, admit } = this.#deps;
    const filled = this.#withSystemFields(resource, namespace, withDistinctOwners(given));
    const object = resource.prepareCreate?.(filled) ?? filled;
    const name = nameOf(object);
    assertValid(resource, name, [
      ...nameFaults(name, resource.hasLabelAsName),
      ...metadataFaults(mapOf(object['metadata']), resource),
      ...(resource.validate?.(object) ?? []),
    ]);
    admit({ verb: 'create', resource, namespace, object, before: undefined, call });
    const existing = store.get(resource, namespace, name);
    if (existing !== undefined) {
      const isDeleting = at(existing.object, 'metadata', 'deletionTimestamp') !== undefined;
      throw alreadyExists(resource, name, { isDeleting });
    }
    if (call.dryRun) return withOrder(object);
    return store.put(resource, namespace, object).object;
  }

  /** @throws StatusError if the object does not exist */
  update(
    resource: Resource,
    namespace: string,
    name: string,
    change: (live: JsonMap) => JsonMap,
    call: WriteCall,
  ): Written {
    const { store } = this.#deps;
    const live = store.get(resource, namespace, name);
    if (live === undefined) throw notFound(resource, name);
    const rules = fieldRules(resource, call.subresource);
    const raw = change(live.object);
    const given = this.#inNamespace(resource, namespace, resource.decode(raw));
    assertName(given, name);
    const manager = managerOf(resource, call);
    const object = afterUpdate(rules, live.object, given, manager, this.#time());
    return { object: this.#replace(live, object, raw, call), isCreated: false };
  }

  /** Replaces the stored object with the object in the request. */
  put(
    resource: Resource,
    namespace: string,
    name: string,
    body: JsonMap,
    call: WriteCall,
  ): Written {
    const { store } = this.#deps;
    assertName(body, name);
    const live = store.get(resource, namespace, name);
    const uid = textOf(at(body, 'metadata', 'uid'));
    if (live === undefined) {
      if (resource.createsOnUpdate !== true || uid !== '') throw notFound(resource, name);
      return { object: this.create(resource, namespace, body, call), isCreated: true };
    }
    this.#inNamespace(resource, namespace, body);
    if (uid !== '' && uid !== live.uid) {
      const key = `${call.dryRun ? '' : '/registry'}/${resource.plural}/${namespace}/${name}`;
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.uid}`;
      throw conflict(
        resource,
        name,
        `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
      );
    }
    return this.update(resource, namespace, name, () => body, call);
  }

  apply(
    resource: Resource,
    namespace: string,
    name: string,
    config: JsonMap,
    { force, ...call }: WriteCall & { readonly force: boolean },
  ): Written {
    const { store } = this.#deps;
    const live = store.get(resource, namespace, name);
    const own = apiVersionOf(resource);
    if (config['apiVersion'] !== own) {
      throw badRequest(
        `Incorrect version specified in apply patch. Specified patch version: ${textOf(config['apiVersion'])}, expected: ${own}`,
      );
    }
    if (at(config, 'metadata', 'managedFields') !== undefined) {
      throw badRequest('metadata.managedFields must be nil');
    }
    const rules = fieldRules(resource, call.subresource);
    const manager = { ...managerOf(resource, call), operation: 'Apply' } as const;
    const { apiVersion: _, kind: __, ...fields } = config;
    assertNoDuplicates(resource, config);
    const how = { force, now: this.#time() };
    const toObject = (merged: JsonMap) =>
      this.#inNamespace(resource, namespace, resource.decode(merged));
    const object = afterApply(rules, live?.object, fields as JsonMap, manager, how, toObject);
    assertName(object, name);
    if (live !== undefined) {
      return { object: this.#replace(live, object, object, call), isCreated: false };
    }
    this.#assertNamespace(resource, namespace, name, true);
    return { object: this.#insert(resource, namespace, object, call), isCreated: true };
  }

  #replace(live: Stored, given: JsonMap, raw: JsonMap, call: WriteCall): JsonMap {
    const { store, admit } = this.#deps;
    const { resource, namespace, name, object: before } = live;
    this.#assertNamespace(resource, namespace, name, false);
    assertVersion(live, textOf(at(given, 'metadata', 'resourceVersion')));
    const wanted = prepared(resource, withDistinctOwners(given), before, call);
    const object = withOldTimes(wanted, before);
    assertValid(resource, name, [
      ...metadataUpdateFaults(mapOf(object['metadata']), mapOf(before['metadata']), resource),
      ...(resource.validateUpdate?.(object, before, raw) ?? []),
      ...(resource.validate?.(object) ?? []),
    ]);
    admit({ verb: 'update', resource, namespace, object, before, call });
    if (isFinished(object, before)) {
      if (!call.dryRun) store.remove(live);
      return withOrder(object);
    }
    if (isSame(object, before)) return before;
    if (call.dryRun) return withOrder(object);
    return store.put(resource, namespace, object).object;
  }

  /** Stores a new state without a change of managers, as the API server does for deletions. */
  replaceRaw(live: Stored, object: JsonMap): JsonMap {
    return this.#deps.store.put(live.resource, live.namespace, object).object;
  }

  #time(): string {
    return timeText(this.#deps.now());
  }

  #named(object: JsonMap): JsonMap {
    const metadata = mapOf(object['metadata']);
    const generateName = textOf(metadata['generateName']);
    if (textOf(metadata['name']) !== '' || generateName === '') return object;
    const name = `${generateName}${this.#deps.newSuffix()}`;
    return { ...object, metadata: { ...metadata, name } };
  }

  #inNamespace(resource: Resource, namespace: string, object: JsonMap): JsonMap {
    const metadata = mapOf(object['metadata']);
    const own = textOf(metadata['namespace']);
    if (own === namespace) return object;
    if (own !== '') {
      throw badRequest(
        resource.isNamespaced
          ? 'the namespace of the provided object does not match the namespace sent on the request'
          : 'namespace is not allowed on this type',
      );
    }
    return { ...object, metadata: { ...metadata, namespace } };
  }

  #assertNamespace(resource: Resource, namespace: string, name: string, isCreate: boolean): void {
    if (!resource.isNamespaced) return;
    const found = this.#deps.store.get(resources.namespaces, '', namespace);
    if (found === undefined) throw notFound(resources.namespaces, namespace);
    if (!isCreate || at(found.object, 'metadata', 'deletionTimestamp') === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const message = `namespace ${namespace} is being terminated`;
    throw forbidden(resource, name, why, [
      { reason: 'NamespaceTerminating', message, field: 'metadata.namespace' },
    ]);
  }

  #withSystemFields(resource: Resource, namespace: string, object: JsonMap): JsonMap {
    const { now, newUid } = this.#deps;
    const {
      deletionTimestamp: _,
      deletionGracePeriodSeconds: __,
      selfLink: ___,
      resourceVersion: ____,
      generation: _____,
      ...metadata
    } = mapOf(object['metadata']);
    return {
      ...object,
      metadata: {
        ...metadata,
        ...(resource.isNamespaced ? { namespace } : {}),
        ...{ uid: newUid(), creationTimestamp: timeText(now()) },
      } as JsonMap,
    };
  }
}

/** A time in RFC 3339, with whole seconds. */
export const timeText = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;

export const nameOf = (object: JsonMap): string => textOf(at(object, 'metadata', 'name'));

const withOrder = (object: JsonMap): JsonMap => ({
  ...object,
  metadata: inOrder(mapOf(object['metadata'])),
});

function managerOf(resource: Resource, { manager, subresource }: WriteCall): Manager {
  return {
    name: manager === '' ? 'unknown' : manager,
    operation: 'Update',
    apiVersion: apiVersionOf(resource),
    subresource,
  };
}

function fieldRules(
  { shape, hasStatus, keptByStatus = [] }: Resource,
  subresource: string,
): FieldRules {
  if (subresource === 'status') {
    const kept = keptByStatus.map((path) => path.map((field) => `f:${field}`));
    return { shape, reset: [['f:spec'], ...kept] };
  }
  return { shape, reset: hasStatus ? [['f:status']] : [] };
}

function assertName(object: JsonMap, name: string): void {
  const own = nameOf(object);
  if (own === name) return;
  throw badRequest(
    own === ''
      ? 'name must be provided'
      : `the name of the object (${own}) does not match the name on the URL (${name})`,
  );
}

function assertVersion({ resource, name, version }: Stored, given: string): void {
  if (given === String(version)) return;
  if (given !== '' && given !== '0') throw conflict(resource, name);
  if (resource.needsVersion !== true) return;
  const { group, plural } = resource;
  const why = 'must be specified for an update';
  throw invalid({ group, kind: plural }, name, [invalidValue('metadata.resourceVersion', 0, why)]);
}

function assertValid(resource: Resource, name: string, faults: readonly Fault[]): void {
  if (faults.length === 0) return;
  const { kind, group, groupOfFaults = group } = resource;
  throw invalid({ kind, group: groupOfFaults }, name, faults);
}

/** The API server reports a list with duplicates as a separate fault. */
function assertNoDuplicates(resource: Resource, config: JsonMap): void {
  const duplicate = duplicateIn(resource.shape, config);
  if (duplicate === undefined) return;
  const { group, version, kind } = resource;
  const namespace = textOf(at(config, 'metadata', 'namespace'));
  const what = `${namespace}/${nameOf(config)}; ${group}/${version}, Kind=${kind}`;
  const message = `failed to create typed patch object (${what}): ${duplicate}`;
  throw new StatusError({ code: 500, message });
}
