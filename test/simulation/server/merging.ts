/** Merges a configuration into a live value according to its shape, for server-side apply. */
import { type Draft, isList, type Json, type JsonMap } from './json.ts';
import type { Shape } from './shape.ts';
import { asMap, isBare, itemKey, kindOf, shapeOf } from './typed.ts';

const plain: Shape = {};

/** The live value with a configuration merged into it. */
export function merged(shape: Shape, live: Json | undefined, config: Json | undefined): Json {
  if (config === undefined) return live ?? null;
  if (live === undefined) return config;
  const kind = kindOf(shape, config) ?? kindOf(shape, live);
  if (kind === 'map') return mergedMaps(shape, asMap(live) ?? {}, asMap(config) ?? {});
  if (kind === 'list' && !(isBare(live) && isBare(config))) {
    return mergedLists(shape, isList(live) ? live : [], isList(config) ? config : []);
  }
  return config;
}

function mergedMaps(shape: Shape, live: JsonMap, config: JsonMap): JsonMap {
  const result: Draft = { ...live };
  for (const [key, value] of Object.entries(config)) {
    result[key] = merged(shapeOf(shape, key), live[key], value);
  }
  return result;
}

/**
 * The items of the configuration keep their order. The other items keep their places as far as
 * possible.
 */
function mergedLists(shape: Shape, live: readonly Json[], config: readonly Json[]): Json[] {
  const liveKeys = live.map((item) => itemKey(shape, item));
  const configKeys = config.map((item) => itemKey(shape, item));
  const inLive = new Map(live.map((item, i) => [liveKeys[i] ?? '', item]));
  const inConfig = new Map(config.map((item, i) => [configKeys[i] ?? '', item]));
  const shared = configKeys.filter((key) => inLive.has(key));
  const done = new Set<string>();
  const result: Json[] = [];
  let nextShared = shared.shift();
  const take = (key: string): void => {
    result.push(merged(shape.items ?? plain, inLive.get(key), inConfig.get(key)));
  };
  for (let l = 0, c = 0; l < live.length || c < config.length; ) {
    const liveKey = liveKeys[l];
    const configKey = configKeys[c];
    if (liveKey !== undefined && configKey !== undefined) {
      if (liveKey === configKey) {
        done.add(liveKey);
        take(liveKey);
        l++;
        c++;
        nextShared = shared.shift();
        continue;
      }
      if (inConfig.has(liveKey) && nextShared !== undefined && nextShared !== liveKey) {
        l++;
        continue;
      }
    }
    if (liveKey !== undefined) {
      if (!inConfig.has(liveKey)) {
        take(liveKey);
        l++;
        continue;
      }
      if (done.has(liveKey)) l++;
    }
    if (configKey !== undefined) {
      done.add(configKey);
      take(configKey);
      c++;
      if (nextShared === configKey) nextShared = shared.shift();
    }
  }
  return result;
}
