/**
 * Sets of fields in the format `fieldsV1`, which is a map of the fields of a value. A field is a member
 * if its map is empty or has the entry `.`.
 */
import { type Draft, isMap, type JsonMap } from './json.ts';

export type FieldSet = JsonMap;

export const emptySet: FieldSet = {};

export const isEmptySet = (set: FieldSet): boolean => {
  for (const _ in set) return false;
  return true;
};

const isMember = (node: JsonMap): boolean => '.' in node || isEmptySet(node);
const childrenOf = (node: JsonMap): Draft => {
  const { '.': _, ...children } = node;
  return children as Draft;
};

function nodeOf(member: boolean, children: Draft): JsonMap | undefined {
  if (isEmptySet(children)) return member ? {} : undefined;
  return member ? { '.': {}, ...children } : children;
}

type Combine = (a: boolean, b: boolean) => boolean;

function combined(a: FieldSet, b: FieldSet, keep: Combine): Draft {
  const result: Draft = {};
  for (const key of Object.keys(a)) {
    if (key === '.') continue;
    const node = combinedNode(a[key] as JsonMap, b[key] as JsonMap | undefined, keep);
    if (node !== undefined) result[key] = node;
  }
  for (const key of Object.keys(b)) {
    if (key === '.' || key in a) continue;
    const node = combinedNode(undefined, b[key] as JsonMap, keep);
    if (node !== undefined) result[key] = node;
  }
  return result;
}

function combinedNode(
  a: JsonMap | undefined,
  b: JsonMap | undefined,
  keep: Combine,
): JsonMap | undefined {
  const member = keep(a !== undefined && isMember(a), b !== undefined && isMember(b));
  if (a === undefined && !keep(false, true)) return undefined;
  if (b === undefined) return keep(true, false) ? a : undefined;
  if (a === undefined) return b;
  return nodeOf(member, combined(childrenOf(a), childrenOf(b), keep));
}

export const union = (a: FieldSet, b: FieldSet): FieldSet => combined(a, b, (x, y) => x || y);

export const difference = (a: FieldSet, b: FieldSet): FieldSet =>
  isEmptySet(b) ? a : combined(a, b, (x, y) => x && !y);

export const intersection = (a: FieldSet, b: FieldSet): FieldSet =>
  combined(a, b, (x, y) => x && y);

/** The set without a field and without all fields below that field. */
export function without(set: FieldSet, [key = '', ...rest]: readonly string[]): FieldSet {
  const node = set[key];
  if (!isMap(node)) return set;
  const { [key]: _, ...others } = set;
  if (rest.length === 0) return others;
  const inner = without(childrenOf(node), rest) as Draft;
  const left = nodeOf('.' in node, inner);
  return left === undefined ? others : { ...others, [key]: left };
}

/** The set with the parent fields of all members, but without the items of lists. */
export function withParents(set: FieldSet): FieldSet {
  const result: Draft = {};
  for (const [key, node] of Object.entries(set) as [string, JsonMap][]) {
    if (key === '.') continue;
    const inner = withParents(childrenOf(node)) as Draft;
    result[key] = nodeOf(key.startsWith('f:') || isMember(node), inner) ?? {};
  }
  return result;
}

/** Adds a member to an unfinished set. */
export function insert(set: Draft, path: readonly string[]): void {
  let here = set;
  for (const [at, key] of path.entries()) {
    const isLast = at === path.length - 1;
    const node = here[key] as Draft | undefined;
    if (isLast) {
      if (node === undefined) here[key] = {};
      else if (!isEmptySet(node)) node['.'] = {};
      return;
    }
    // An empty map is a member. It remains a member when it gets children.
    if (node === undefined) here[key] = notMember();
    else if (isEmptySet(node)) here[key] = { '.': {} };
    here = here[key] as Draft;
  }
}

/** A node whose first child follows immediately. */
const notMember = (): Draft => ({});

/** Whether the path is a member or a parent of one. */
export function lookUp(
  set: FieldSet,
  key: string,
): { readonly isMember: boolean; readonly below: FieldSet } {
  const node = set[key];
  if (!isMap(node)) return { isMember: false, below: emptySet };
  return { isMember: isMember(node), below: childrenOf(node) };
}
