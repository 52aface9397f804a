import { settingAt } from './all-settings.ts';
import { textValue } from './text-value.ts';
import type { Layer } from './validate.ts';

/** Settings from texts, by path. `kind` is their source. */
export function textLayer(texts: ReadonlyMap<string, string>, kind: 'flag' | 'variable'): Layer {
  const values: Record<string, unknown> = {};
  for (const [path, text] of texts) {
    put(values, path.split('.'), textValue(text, settingAt(path).schema));
  }
  return {
    values,
    isTyped: false,
    subject: (path) => settingAt(path)[kind],
    origin: () => ({ kind }),
  };
}

/** Sets the value at these keys and creates missing groups. */
export function put(
  values: Record<string, unknown>,
  keys: readonly string[],
  value: unknown,
): void {
  const [key = '', ...below] = keys;
  if (below.length === 0) {
    values[key] = value;
    return;
  }
  const group = { ...Object(values[key]) };
  put(group, below, value);
  values[key] = group;
}
