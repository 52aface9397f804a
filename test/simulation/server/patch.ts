/** The three kinds of patches that the API server applies to an object. */
import { type Draft, isList, isMap, isSame, type Json, type JsonMap, mapsOf } from './json.ts';
import type { Shape } from './shape.ts';
import { badRequest, unprocessable } from './status.ts';
import { shapeOf } from './typed.ts';

/** A merge patch (RFC 7396). */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return patch;
  const result: Draft = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

const directive = '$patch';
const retainKeys = '$retainKeys';
const setOrder = '$setElementOrder/';
const deleteFrom = '$deleteFromPrimitiveList/';

export function strategicMergePatch(shape: Shape, target: JsonMap, patch: JsonMap): JsonMap {
  const how = patch[directive];
  if (how === 'replace') return withoutDirective(patch);
  if (how === 'delete') return {};
  if (how !== undefined) throw badRequest(`unknown patch type: ${String(how)}`);
  const result = retained(target, patch);
  const rest: Draft = { ...patch };
  delete rest[retainKeys];
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(setOrder)) continue;
    const field = key.slice(setOrder.length);
    patchInOrder(shapeOf(shape, field), result, rest, field, patch[key] as readonly Json[]);
    delete rest[key];
  }
  for (const [key, value] of Object.entries(rest)) patchField(shape, result, key, value);
  return result;
}

function withoutDirective(patch: JsonMap): JsonMap {
  const { [directive]: _, ...others } = patch;
  return others as JsonMap;
}

function retained(target: JsonMap, patch: JsonMap): Draft {
  const keep = patch[retainKeys];
  if (!isList(keep)) return { ...target };
  return Object.fromEntries(Object.entries(target).filter(([key]) => keep.includes(key)));
}

function patchField(shape: Shape, result: Draft, key: string, value: Json): void {
  if (key.startsWith(deleteFrom)) {
    const field = key.slice(deleteFrom.length);
    const list = result[field];
    if (!isList(list) || !isList(value)) return;
    result[field] = list.filter((each) => !value.includes(each));
    return;
  }
  if (value === null) {
    delete result[key];
    return;
  }
  const now = result[key];
  const inner = shapeOf(shape, key);
  if (isMap(now) && isMap(value)) result[key] = strategicMergePatch(inner, now, value);
  else if (isList(now) && isList(value) && isMergedList(inner)) {
    result[key] = patchedList(inner, now, value);
  } else {
    const plain = asNewValue(value);
    if (plain === undefined) delete result[key];
    else result[key] = plain;
  }
}

const isMergedList = (shape: Shape): boolean => shape.set === true || shape.mergeKey !== undefined;

/** A value for a new field: without directives and nulls. */
function asNewValue(value: Json): Json | undefined {
  if (isList(value)) {
    return value.map(asNewValue).filter((each): each is Json => each !== undefined);
  }
  if (!isMap(value)) return value;
  if (value[directive] === 'delete') return undefined;
  const result: Draft = {};
  for (const [key, inner] of Object.entries(value)) {
    if (inner === null || key === directive || key === retainKeys) continue;
    if (key.startsWith(setOrder) || key.startsWith(deleteFrom)) continue;
    const plain = asNewValue(inner);
    if (plain !== undefined) result[key] = plain;
  }
  return result;
}

function patchedList(shape: Shape, now: readonly Json[], patch: readonly Json[]): readonly Json[] {
  if (shape.set) {
    const all = [...new Set([...now, ...patch])];
    return ordered(undefined, all, patch, now);
  }
  const { list, items, left } = mergedItems(shape, now, patch);
  return ordered(shape.mergeKey, list, items, left);
}

function mergedItems(
  shape: Shape,
  now: readonly Json[],
  patch: readonly Json[],
): {
  readonly list: Json[];
  readonly items: JsonMap[];
  /** The items after all deletions. */
  readonly left: readonly Json[];
} {
  const key = shape.mergeKey ?? '';
  const inner = shape.items ?? {};
  const items: JsonMap[] = [];
  let list = [...now];
  let replaces = false;
  for (const item of mapsOf(patch)) {
    const how = item[directive];
    if (how === undefined) items.push(item);
    else if (how === 'replace') replaces = true;
    else if (how === 'delete')
      list = list.filter((each) => !isMap(each) || each[key] !== item[key]);
  }
  if (replaces) return { list: items, items: [], left: items };
  const left = [...list];
  for (const item of items) {
    if (item[key] === undefined) {
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
    }
    const at = list.findIndex((each) => isMap(each) && each[key] === item[key]);
    if (at < 0) list.push(asNewValue(item) ?? {});
    else list[at] = strategicMergePatch(inner, list[at] as JsonMap, item);
  }
  return { list, items, left };
}

/** The items of the patch keep their order. The other items keep their places as far as possible. */
function ordered(
  key: string | undefined,
  list: readonly Json[],
  order: readonly Json[],
  before: readonly Json[],
): Json[] {
  const ofPatch = list
    .filter((each) => indexOf(order, each, key) >= 0)
    .sort((a, b) => indexOf(order, a, key) - indexOf(order, b, key));
  const others = list.filter((each) => indexOf(order, each, key) < 0);
  const result: Json[] = [];
  let o = 0;
  let p = 0;
  while (o < others.length || p < ofPatch.length) {
    const [other, own] = [others[o], ofPatch[p]];
    const isFirst = own === undefined || (other !== undefined && isBefore(before, other, own, key));
    if (other !== undefined && isFirst) {
      result.push(other);
      o++;
    } else if (own !== undefined) {
      result.push(own);
      p++;
    }
  }
  return result;
}

function isBefore(list: readonly Json[], a: Json, b: Json, key: string | undefined): boolean {
  const [at, other] = [indexOf(list, a, key), indexOf(list, b, key)];
  return at >= 0 && other >= 0 && at < other;
}

function indexOf(list: readonly Json[], item: Json, key: string | undefined): number {
  if (key === undefined) return list.indexOf(item);
  const wanted = isMap(item) ? item[key] : undefined;
  return list.findIndex((each) => isMap(each) && each[key] === wanted);
}

function patchInOrder(
  shape: Shape,
  result: Draft,
  rest: Draft,
  field: string,
  order: readonly Json[],
): void {
  const now = result[field];
  const patch = rest[field];
  if (patch === null || !isMergedList(shape)) return;
  const before = isList(now) ? now : [];
  if (patch === undefined && !isList(now)) return;
  const list = isList(patch)
    ? shape.set
      ? [...new Set([...before, ...patch])]
      : mergedItems(shape, before, patch).list
    : before;
  result[field] = ordered(shape.set ? undefined : shape.mergeKey, list, order, before);
  delete rest[field];
}

/** A JSON patch (RFC 6902). */
export function jsonPatch(target: JsonMap, operations: Json): JsonMap {
  if (!isList(operations)) throw badRequest('a JSON patch is a list of operations');
  let result: Json = target;
  for (const operation of mapsOf(operations)) result = applied(result, operation);
  return result as JsonMap;
}

function applied(target: Json, operation: JsonMap): Json {
  const {
    op,
    path,
    from,
    value = null,
  } = operation as { op: string; path: string; from: string; value: Json };
  switch (op) {
    case 'add':
      return changed(target, pointer(path), path, 'add', value);
    case 'replace':
      return changed(target, pointer(path), path, 'replace', value);
    case 'remove':
      return changed(target, pointer(path), path, 'remove', value);
    case 'test':
      return tested(target, path, value);
    case 'move': {
      const moved = valueAt(target, pointer(from)) ?? null;
      return changed(
        changed(target, pointer(from), from, 'remove', null),
        pointer(path),
        path,
        'add',
        moved,
      );
    }
    case 'copy':
      return changed(target, pointer(path), path, 'add', valueAt(target, pointer(from)) ?? null);
    default:
      throw unprocessable(`Unexpected kind: ${op}`);
  }
}

const pointer = (path: string): string[] =>
  path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

function valueAt(target: Json | undefined, path: readonly string[]): Json | undefined {
  let here = target;
  for (const part of path) {
    here = isMap(here) ? here[part] : isList(here) ? here[Number(part)] : undefined;
  }
  return here;
}

function tested(target: Json, path: string, value: Json): Json {
  if (!isSame(valueAt(target, pointer(path)) ?? null, value)) throw rejectedPatch();
  return target;
}

/** The API server does not report which operation failed. */
const rejectedPatch = () =>
  unprocessable('the server rejected our request due to an error in our request');

type Change = 'add' | 'replace' | 'remove';

function changed(
  target: Json,
  [part = '', ...rest]: readonly string[],
  path: string,
  change: Change,
  value: Json,
): Json {
  if (rest.length > 0) {
    const inner = valueAt(target, [part]);
    if (!isMap(inner) && !isList(inner)) throw rejectedPatch();
    return withPart(target, part, changed(inner, rest, path, change, value), 'replace');
  }
  return withPart(target, part, value, change);
}

function withPart(target: Json, part: string, value: Json, change: Change): Json {
  if (isList(target)) {
    const list = [...target];
    const at = part === '-' ? list.length : Number(part);
    if (change === 'add') list.splice(at, 0, value);
    else if (at >= list.length) throw rejectedPatch();
    else if (change === 'remove') list.splice(at, 1);
    else list[at] = value;
    return list;
  }
  const map: Draft = isMap(target) ? { ...target } : {};
  // If the field does not exist, `replace` adds it.
  if (change === 'remove' && !(part in map)) throw rejectedPatch();
  if (change === 'remove') delete map[part];
  else map[part] = value;
  return map;
}
