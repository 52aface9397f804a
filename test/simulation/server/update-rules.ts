/** The API server's changes to an object that replaces another one. */
import { at, isSame, type Json, type JsonMap, listOf, mapOf, mapsOf } from './json.ts';
import type { Resource } from './resource.ts';

/** Removes duplicate owner references, and puts the fields of each reference in a fixed order. */
export function withDistinctOwners(object: JsonMap): JsonMap {
  const owners = at(object, 'metadata', 'ownerReferences');
  if (owners === undefined) return object;
  const texts = new Set<string>();
  const distinct = mapsOf(owners)
    .map(inOwnerOrder)
    .filter((owner) => {
      const text = JSON.stringify(owner);
      return texts.has(text) ? false : texts.add(text);
    });
  const metadata = { ...mapOf(object['metadata']), ownerReferences: distinct };
  return { ...object, metadata };
}

const ownerFields = ['apiVersion', 'kind', 'name', 'uid', 'controller', 'blockOwnerDeletion'];

function inOwnerOrder(owner: JsonMap): JsonMap {
  const fields = ownerFields.map((field) => [field, owner[field]] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as JsonMap;
}

/** Restores the fields that this type of request cannot change. */
export function prepared(
  resource: Resource,
  given: JsonMap,
  before: JsonMap,
  { subresource }: { readonly subresource: string },
): JsonMap {
  const old = mapOf(before['metadata']);
  const metadata = mapOf(given['metadata']);
  const fixed = {
    ...metadata,
    uid: metadata['uid'] ?? old['uid'],
    resourceVersion: old['resourceVersion'],
    generation: old['generation'],
    creationTimestamp: old['creationTimestamp'],
    deletionTimestamp: old['deletionTimestamp'] ?? metadata['deletionTimestamp'],
    deletionGracePeriodSeconds:
      metadata['deletionGracePeriodSeconds'] ?? old['deletionGracePeriodSeconds'],
  };
  const object = { ...given, metadata: withoutUndefined(fixed) };
  if (subresource === 'status') return withStatusOnly(resource, object, before);
  return resource.prepareUpdate?.(object, before) ?? object;
}

function withStatusOnly(
  { keptByStatus = [] }: Resource,
  object: JsonMap,
  before: JsonMap,
): JsonMap {
  const result = { ...object, ...('spec' in before ? { spec: before['spec'] as Json } : {}) };
  const old = mapOf(before['metadata']);
  const metadata: Record<string, Json | undefined> = { ...mapOf(object['metadata']) };
  for (const [, field = ''] of keptByStatus) metadata[field] = old[field];
  return { ...result, metadata: withoutUndefined(metadata) };
}

function withoutUndefined(map: Readonly<Record<string, Json | undefined>>): JsonMap {
  const result: Record<string, Json> = {};
  for (const [key, value] of Object.entries(map)) if (value !== undefined) result[key] = value;
  return result;
}

/** Keeps the old times of managers if nothing else has changed. */
export function withOldTimes(object: JsonMap, before: JsonMap): JsonMap {
  const now = listOf(at(object, 'metadata', 'managedFields'));
  const old = listOf(at(before, 'metadata', 'managedFields'));
  if (now.length !== old.length || now.length === 0) return object;
  if (!now.every((each, i) => isSame(withoutTime(each), withoutTime(old[i])))) return object;
  const metadata = { ...mapOf(object['metadata']), managedFields: old };
  const same = { ...object, metadata };
  return isSame(same, before) ? before : object;
}

function withoutTime(entry: Json | undefined): JsonMap {
  const { time: _, ...others } = mapOf(entry);
  return others as JsonMap;
}

/** Whether the last finalizer of an object that is being deleted was removed. */
export function isFinished(object: JsonMap, before: JsonMap): boolean {
  const old = mapOf(before['metadata']);
  return (
    old['deletionTimestamp'] !== undefined &&
    Number(old['deletionGracePeriodSeconds'] ?? 0) === 0 &&
    listOf(at(object, 'metadata', 'finalizers')).length === 0 &&
    listOf(at(object, 'spec', 'finalizers')).length === 0
  );
}
