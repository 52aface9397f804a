/** A value in the form that the API server stores: without nulls, empty lists and empty maps of text. */
import { type Draft, isList, isMap, type Json, type JsonMap } from './json.ts';

const textMaps = new Set([
  ...['labels', 'annotations', 'data', 'binaryData', 'stringData', 'matchLabels', 'nodeSelector'],
  ...['limits', 'requests', 'hard', 'used'],
]);

/** Fields that the API server leaves out if they have this value. */
const zeros: Readonly<Record<string, Json>> = {
  paused: false,
  minReadySeconds: 0,
  hostNetwork: false,
  observedGeneration: 0,
};

/** Returns the same map if it has no such fields. */
export function cleaned(map: JsonMap): JsonMap {
  let copy: Draft | undefined;
  for (const key of Object.keys(map)) {
    const value = map[key] as Json;
    const kept = cleanedField(key, value);
    if (kept === value) continue;
    copy ??= { ...map };
    if (kept === undefined) delete copy[key];
    else copy[key] = kept;
  }
  return copy ?? map;
}

function cleanedField(key: string, value: Json): Json | undefined {
  if (typeof value !== 'object') return key in zeros && zeros[key] === value ? undefined : value;
  if (value === null) return undefined;
  if (key === 'fieldsV1') return value;
  if (isMap(value)) {
    if (!textMaps.has(key)) return cleaned(value);
    const map = withoutNulls(value);
    for (const _ in map) return map;
    return undefined;
  }
  return value.length === 0 ? undefined : cleanedList(value as readonly Json[]);
}

function withoutNulls(map: JsonMap): JsonMap {
  for (const key in map) {
    if (map[key] !== null) continue;
    return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, value ?? '']));
  }
  return map;
}

function cleanedList(list: readonly Json[]): readonly Json[] {
  let copy: Json[] | undefined;
  for (const [at, item] of list.entries()) {
    if (!isMap(item)) {
      if (!isList(item)) continue;
    }
    const kept = isMap(item) ? cleaned(item) : item;
    if (kept === item) continue;
    copy ??= [...list];
    copy[at] = kept;
  }
  return copy ?? list;
}
