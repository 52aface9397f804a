/** The owners of fields in `metadata.managedFields`, as the API server tracks them. */
import { assertNoConflict } from './field-conflicts.ts';
import { decode, encode, identityOf, type Manager, type Owners } from './field-owners.ts';
import {
  difference,
  type FieldSet,
  intersection,
  isEmptySet,
  union,
  without,
  withParents,
} from './field-set.ts';
import { isList, isSame, type JsonMap, mapOf } from './json.ts';
import { merged } from './merging.ts';
import type { Shape } from './shape.ts';
import { type Comparison, compare, fieldsOf, withoutFields } from './typed.ts';

export type { Manager } from './field-owners.ts';

/** The rules for the comparison of an object's fields. */
export interface FieldRules {
  readonly shape: Shape;
  /** Paths in the format `fieldsV1` that requests to this resource cannot set. */
  readonly reset: readonly (readonly string[])[];
}

const hidden = ['name', 'namespace', 'creationTimestamp', 'uid', 'generation'] as const;
const hiddenVersions = ['managedFields', 'resourceVersion', 'selfLink'] as const;

/** The set without the fields that no manager owns. */
function stripped(set: FieldSet): FieldSet {
  const { 'f:apiVersion': _, 'f:kind': __, 'f:metadata': metadata, ...others } = set;
  if (metadata === undefined) return others;
  let { '.': ___, ...left } = metadata as JsonMap;
  for (const field of [...hidden, ...hiddenVersions]) {
    if (`f:${field}` in left) left = without(left, [`f:${field}`]) as typeof left;
  }
  return isEmptySet(left) ? others : { ...others, 'f:metadata': left };
}

function filtered(set: FieldSet, reset: FieldRules['reset']): FieldSet {
  let left = set;
  for (const path of reset) left = without(left, path);
  return left;
}

function compared({ shape, reset }: FieldRules, before: JsonMap, after: JsonMap): Comparison {
  const { added, modified, removed } = compare(shape, before, after);
  return {
    added: filtered(added, reset),
    modified: filtered(modified, reset),
    removed: filtered(removed, reset),
  };
}

const withoutManagers = (object: JsonMap): JsonMap => {
  const { managedFields: _, ...metadata } = mapOf(object['metadata']);
  return { ...object, metadata };
};

function withManagers(object: JsonMap, owners: Owners): JsonMap {
  const managedFields = encode(owners);
  const { managedFields: _, ...metadata } = mapOf(object['metadata']);
  return {
    ...object,
    metadata: managedFields === undefined ? metadata : { ...metadata, managedFields },
  };
}

/** Removes changed fields from the other managers. */
function takeFromOthers(
  owners: Owners,
  own: string,
  { removed }: Comparison,
  taken: FieldSet,
): void {
  for (const [id, owner] of [...owners]) {
    if (id === own) continue;
    const fields = difference(difference(owner.fields, taken), removed);
    if (isEmptySet(fields)) owners.delete(id);
    else if (fields !== owner.fields) owners.set(id, { ...owner, fields });
  }
}

const isReset = (list: unknown): boolean =>
  isList(list) && (list.length === 0 || (list.length === 1 && isEmptySet(mapOf(list[0]))));

function ownersFor(live: JsonMap | undefined, object: JsonMap, isSubresource: boolean): Owners {
  const own = mapOf(mapOf(live)['metadata'])['managedFields'];
  if (isSubresource) return decode(own) ?? new Map();
  const given = mapOf(object['metadata'])['managedFields'];
  if (isReset(given)) return new Map();
  const decoded = decode(given);
  return decoded === undefined || decoded.size === 0 ? (decode(own) ?? new Map()) : decoded;
}

/**
 * The object with its managers after a create, an update or a patch.
 *
 * @param live undefined for a create
 */
export function afterUpdate(
  rules: FieldRules,
  live: JsonMap | undefined,
  object: JsonMap,
  manager: Manager,
  now: string,
): JsonMap {
  const owners = ownersFor(live, object, manager.subresource !== '');
  if (owners.size === 0 && live !== undefined) return withManagers(object, owners);
  const comparison = compared(
    rules,
    live === undefined ? {} : withoutManagers(live),
    withoutManagers(object),
  );
  takeManaged(owners, comparison, manager, now);
  return withManagers(object, owners);
}

function takeManaged(owners: Owners, comparison: Comparison, manager: Manager, now: string): void {
  const taken = union(comparison.added, comparison.modified);
  takeFromOthers(owners, '', comparison, taken);
  const fields = stripped(taken);
  if (isEmptySet(fields)) return;
  const id = identityOf(manager);
  const previous = owners.get(id);
  owners.set(id, {
    ...manager,
    time: now,
    fields: previous === undefined ? fields : union(fields, previous.fields),
  });
  capManagers(owners);
}

const mostUpdateManagers = 10;

/** Merges the oldest managers into one manager. */
function capManagers(owners: Owners): void {
  const updaters = [...owners].filter(([, { operation }]) => operation === 'Update');
  let left = updaters.length;
  if (left <= mostUpdateManagers) return;
  updaters.sort(([a, { time: t = '' }], [b, { time: u = '' }]) =>
    t === u ? (a < b ? -1 : 1) : t < u ? -1 : 1,
  );
  const first = new Map<string, string>();
  for (const [id, owner] of updaters) {
    if (left <= mostUpdateManagers) return;
    const { apiVersion } = owner;
    const bucket = {
      name: 'ancient-changes',
      operation: 'Update',
      apiVersion,
      subresource: '',
    } as const;
    const bucketId = identityOf(bucket);
    const known = first.get(apiVersion);
    if (known === undefined) {
      first.set(apiVersion, id);
      continue;
    }
    const base = owners.get(bucketId) ?? owners.get(known);
    owners.delete(known);
    owners.delete(id);
    const fields = union(owner.fields, base?.fields ?? {});
    owners.set(bucketId, { ...bucket, time: owner.time, fields });
    left--;
  }
}

/**
 * The object after a server-side apply.
 *
 * @param live undefined if the object does not exist yet
 * @param toObject decodes the merged fields, as the API server does
 * @throws StatusError if another manager owns a changed field, and `force` is false
 */
export function afterApply(
  rules: FieldRules,
  live: JsonMap | undefined,
  config: JsonMap,
  manager: Manager,
  { force, now }: { readonly force: boolean; readonly now: string },
  toObject: (merged: JsonMap) => JsonMap,
): JsonMap {
  const owners = ownersFor(live, {}, true);
  const bare = live === undefined ? {} : withoutManagers(live);
  if (owners.size === 0 && live !== undefined) adopt(rules, owners, bare, manager, now);
  const id = identityOf(manager);
  const last = owners.get(id)?.fields;
  const fields = filtered(fieldsOf(rules.shape, config), rules.reset);
  owners.set(id, { ...manager, time: owners.get(id)?.time, fields });
  const result = pruned(rules, mapOf(merged(rules.shape, bare, config)), owners, last);
  const comparison = compared(rules, bare, result);
  const taken = union(comparison.added, comparison.modified);
  if (!force) assertNoConflict(owners, id, taken);
  takeFromOthers(owners, id, comparison, taken);
  stripOwn(owners, id);
  const object = toObject(result);
  const own = owners.get(id);
  // A manager gets a new time only if the object has changed.
  if (own !== undefined && !isSame(bare, result)) owners.set(id, { ...own, time: now });
  return withManagers(object, owners);
}

/** Gives an object without managers a manager for its existing fields. */
function adopt(
  rules: FieldRules,
  owners: Owners,
  live: JsonMap,
  { apiVersion }: Manager,
  now: string,
): void {
  const { added, modified } = compared(rules, {}, live);
  const first: Manager = {
    name: 'before-first-apply',
    operation: 'Update',
    apiVersion,
    subresource: '',
  };
  const fields = stripped(union(added, modified));
  owners.set(identityOf(first), { ...first, time: now, fields });
}

function stripOwn(owners: Owners, id: string): void {
  const own = owners.get(id);
  if (own === undefined) return;
  const fields = stripped(own.fields);
  if (isEmptySet(fields)) owners.delete(id);
  else owners.set(id, { ...own, fields });
}

/**
 * Removes the fields that the manager applied before but does not apply now, unless another manager
 * owns them.
 */
function pruned(
  { shape }: FieldRules,
  object: JsonMap,
  owners: Owners,
  last: FieldSet | undefined,
): JsonMap {
  if (last === undefined || isEmptySet(last)) return object;
  const all = withParents(fieldsOf(shape, object));
  const less = mapOf(withoutFields(shape, object, withParents(last)));
  let managed: FieldSet = {};
  for (const { fields } of owners.values()) managed = union(managed, fields);
  const kept = union(withParents(fieldsOf(shape, less)), withParents(managed));
  const owned = mapOf(withoutFields(shape, object, difference(all, kept)));
  const gone = difference(all, withParents(fieldsOf(shape, owned)));
  return mapOf(withoutFields(shape, object, intersection(gone, withParents(last))));
}
