/** JSON values as plain data. A value never changes after it was stored. */

export type Json = string | number | boolean | null | readonly Json[] | JsonMap;

export interface JsonMap {
  readonly [field: string]: Json;
}

export type Draft = Record<string, Json>;

export const isMap = (value: unknown): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isList = (value: unknown): value is readonly Json[] => Array.isArray(value);

/** Returns an empty map if the value is not a map. */
export const mapOf = (value: unknown): JsonMap => (isMap(value) ? value : {});

export const listOf = (value: unknown): readonly Json[] => (isList(value) ? value : []);

export const mapsOf = (value: unknown): JsonMap[] => listOf(value).filter(isMap);

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** Ignores the order of the fields in maps. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((it, i) => isSame(it, b[i]));
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => key in b && isSame(a[key], b[key]))
  );
}

/** The map with a new value for one field. Undefined removes the field. */
export function withField(map: JsonMap, field: string, value: Json | undefined): JsonMap {
  const { [field]: _, ...others } = map;
  return value === undefined ? others : { ...map, [field]: value };
}

/** The map with a new value for a field of an inner map. */
export function withInner(
  map: JsonMap,
  [first = '', ...rest]: readonly string[],
  value: Json | undefined,
): JsonMap {
  if (rest.length === 0) return withField(map, first, value);
  return withField(map, first, withInner(mapOf(map[first]), rest, value));
}

export function at(value: unknown, ...path: readonly string[]): Json | undefined {
  let here: unknown = value;
  for (const field of path) here = isMap(here) ? here[field] : undefined;
  return here as Json | undefined;
}

/** JSON with the fields of each map in a fixed order, for comparisons. */
export function canonical(value: Json | undefined): string {
  if (isMap(value)) {
    const fields = Object.keys(value).sort();
    return `{${fields.map((each) => `${JSON.stringify(each)}:${canonical(value[each])}`).join()}}`;
  }
  return isList(value) ? `[${value.map(canonical).join()}]` : (JSON.stringify(value) ?? 'null');
}
