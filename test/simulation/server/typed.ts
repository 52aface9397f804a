/** Compares and prunes values according to their shapes, as the API server does for managed fields. */
import { type FieldSet, insert, isEmptySet, lookUp } from './field-set.ts';
import { type Draft, isList, isMap, isSame, type Json, type JsonMap } from './json.ts';
import type { Shape } from './shape.ts';

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

const plain: Shape = {};

export const shapeOf = (shape: Shape, field: string): Shape => shape.fields?.[field] ?? plain;

/** The key of an item in a set of fields. */
export function itemKey(shape: Shape, item: Json): string {
  if (shape.set) return `v:${JSON.stringify(item)}`;
  const keys: Draft = {};
  for (const key of shape.keys ?? []) {
    const value = (isMap(item) ? item[key] : undefined) ?? shape.keyDefaults?.[key];
    if (value !== undefined) keys[key] = value;
  }
  return `k:${JSON.stringify(keys)}`;
}

export const hasItems = (shape: Shape): boolean => shape.set === true || shape.keys !== undefined;

export const isBare = (value: Json | undefined): boolean =>
  value === undefined ||
  value === null ||
  (isList(value) && value.length === 0) ||
  (isMap(value) && isEmptySet(value));

type Kind = 'leaf' | 'list' | 'map';

export function kindOf(shape: Shape, value: Json | undefined): Kind | undefined {
  if (value === undefined || value === null) return undefined;
  if (isMap(value)) return shape.atomic ? 'leaf' : 'map';
  if (isList(value)) return hasItems(shape) ? 'list' : 'leaf';
  return 'leaf';
}

export function compare(shape: Shape, before: JsonMap | undefined, after: JsonMap): Comparison {
  const result = { added: {}, modified: {}, removed: {} };
  compareFields(shape, before ?? {}, after, [], result);
  return result;
}

type Result = { added: Draft; modified: Draft; removed: Draft };

function compareFields(
  shape: Shape,
  before: JsonMap | undefined,
  after: JsonMap | undefined,
  path: string[],
  result: Result,
): void {
  const present = shape.present ?? {};
  const seen = before === undefined ? {} : before;
  for (const key of Object.keys(seen)) {
    compareField(shape, key, before, after, present, path, result);
  }
  for (const key of Object.keys(after ?? {})) {
    if (!(key in seen)) compareField(shape, key, before, after, present, path, result);
  }
}

function compareField(
  shape: Shape,
  key: string,
  before: JsonMap | undefined,
  after: JsonMap | undefined,
  present: NonNullable<Shape['present']>,
  path: string[],
  result: Result,
): void {
  const old = before === undefined ? undefined : fieldOf(before, key, present);
  const now = after === undefined ? undefined : fieldOf(after, key, present);
  if (old === now) return;
  path.push(`f:${key}`);
  compareValue(shapeOf(shape, key), old, now, path, result);
  path.pop();
}

/** The value of a field. Null is also a value: a map that has lost all its fields by pruning. */
function fieldOf(
  map: JsonMap,
  key: string,
  present: NonNullable<Shape['present']>,
): Json | undefined {
  const value = map[key];
  return value === undefined ? present[key] : value;
}

function compareValue(
  shape: Shape,
  before: Json | undefined,
  after: Json | undefined,
  path: string[],
  result: Result,
): void {
  const kind = kindOf(shape, after) ?? kindOf(shape, before);
  if (kind === 'leaf' || kind === undefined || (isBare(before) && isBare(after))) {
    if (before === undefined) insert(result.added, path);
    else if (after === undefined) insert(result.removed, path);
    else if (!isSame(before, after)) insert(result.modified, path);
    return;
  }
  if (kind === 'map') {
    compareFields(shape, asMap(before), asMap(after), path, result);
  } else compareItems(shape, before, after, path, result);
  if (before === undefined) insert(result.added, path);
  else if (after === undefined) insert(result.removed, path);
}

/** Null counts as a map without fields. */
export const asMap = (value: Json | undefined): JsonMap | undefined =>
  isMap(value) ? value : value === undefined ? undefined : {};

function compareItems(
  shape: Shape,
  before: Json | undefined,
  after: Json | undefined,
  path: string[],
  result: Result,
): void {
  const old = indexed(shape, before);
  const now = indexed(shape, after);
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    path.push(key);
    const [first, another] = [old.get(key) ?? [], now.get(key) ?? []];
    if (first.length > 1 || another.length > 1) {
      compareDuplicates(shape, first, another, path, result);
    } else compareValue(shape.items ?? plain, first[0], another[0], path, result);
    path.pop();
  }
}

function compareDuplicates(
  shape: Shape,
  before: readonly Json[],
  after: readonly Json[],
  path: string[],
  result: Result,
): void {
  if (before.length > 1 && after.length > 1) {
    if (!isSame(before, after)) insert(result.modified, path);
  } else if (before.length > 1) {
    if (after[0] !== undefined) {
      compareValue(shape.items ?? plain, undefined, after[0], path, result);
    }
    insert(result.removed, path);
  } else {
    if (before[0] !== undefined) {
      compareValue(shape.items ?? plain, before[0], undefined, path, result);
    }
    insert(result.added, path);
  }
}

function indexed(shape: Shape, list: Json | undefined): Map<string, Json[]> {
  const items = new Map<string, Json[]>();
  if (!isList(list)) return items;
  for (const item of list) {
    const key = itemKey(shape, item);
    const known = items.get(key);
    if (known === undefined) items.set(key, [item]);
    else known.push(item);
  }
  return items;
}

/** The set of all fields in a configuration. */
export function fieldsOf(shape: Shape, value: JsonMap): FieldSet {
  const set: Draft = {};
  addFields(shape, value, [], set);
  return set;
}

function addFields(shape: Shape, value: JsonMap, path: string[], set: Draft): void {
  for (const [key, inner] of Object.entries(value)) {
    path.push(`f:${key}`);
    addValue(shapeOf(shape, key), inner, path, set);
    if (inner === null || (isMap(inner) && isEmptySet(inner))) insert(set, path);
    path.pop();
  }
}

function addValue(shape: Shape, value: Json, path: string[], set: Draft): void {
  const kind = kindOf(shape, value);
  if (kind === 'map') addFields(shape, value as JsonMap, path, set);
  else if (kind === 'list') {
    for (const item of value as readonly Json[]) {
      path.push(itemKey(shape, item));
      if (kindOf(shape.items ?? plain, item) === 'map') insert(set, path);
      addValue(shape.items ?? plain, item, path, set);
      path.pop();
    }
  } else insert(set, path);
}

/** The value without the given fields and items. */
export function withoutFields(shape: Shape, value: Json, gone: FieldSet): Json | undefined {
  const kind = kindOf(shape, value);
  if (kind === 'map') return mapWithout(shape, value as JsonMap, gone);
  if (kind === 'list') return listWithout(shape, value as readonly Json[], gone);
  return isMap(value) || isList(value) ? undefined : value;
}

function mapWithout(shape: Shape, map: JsonMap, gone: FieldSet): JsonMap | undefined {
  const left: Draft = {};
  for (const [key, value] of Object.entries(map)) {
    const { isMember, below } = lookUp(gone, `f:${key}`);
    if (isMember) continue;
    const kept = isEmptySet(below) ? value : withoutFields(shapeOf(shape, key), value, below);
    left[key] = kept ?? null;
  }
  return isEmptySet(left) ? undefined : left;
}

function listWithout(
  shape: Shape,
  list: readonly Json[],
  gone: FieldSet,
): readonly Json[] | undefined {
  const left: Json[] = [];
  for (const item of list) {
    const { isMember, below } = lookUp(gone, itemKey(shape, item));
    if (isMember) continue;
    const kept = isEmptySet(below) ? item : withoutFields(shape.items ?? plain, item, below);
    left.push(kept ?? null);
  }
  return left.length === 0 ? undefined : left;
}

/** The first duplicate entry of a list, with its path; undefined if there is none. */
export function duplicateIn(shape: Shape, value: Json, path = ''): string | undefined {
  if (isMap(value)) {
    for (const [key, inner] of Object.entries(value)) {
      const found = duplicateIn(shapeOf(shape, key), inner, `${path}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isList(value) || !hasItems(shape)) return undefined;
  const seen = new Set<string>();
  for (const item of value) {
    const key = itemKey(shape, item);
    if (seen.has(key)) return `${path}: duplicate entries for key ${elementInWords(key)}`;
    seen.add(key);
  }
  return undefined;
}

/** An entry of a set of fields in the form that messages use. */
export function elementInWords(key: string): string {
  const rest = key.slice(2);
  if (key.startsWith('f:')) return `.${rest}`;
  if (key.startsWith('v:')) return `[=${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as JsonMap);
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
}
