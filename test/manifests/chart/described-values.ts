/** The values of the Helm chart with their descriptions, which are the comments of its values.yaml. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import { manifests } from '../kustomize.ts';

export const chart = join(manifests, 'chart');

export type DescribedValue = {
  /** The keys from the root, joined by dots: `image.tag`. */
  path: string;
  description: string;
  /** The default in values.yaml. */
  value: unknown;
};

/** All values with a comment, in the order of the file. The comment above a value without one covers that value too. */
export function describedValues(): DescribedValue[] {
  const text = readFileSync(join(chart, 'values.yaml'), 'utf8');
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw problem;
  if (!isMap(document.contents)) throw new Error('values.yaml is no map');
  return within(document.contents, [], undefined);
}

function within(
  map: YAMLMap,
  above: readonly string[],
  // The parser attaches a comment above the first entry to the map instead of the entry.
  ofFirst: string | null | undefined,
): DescribedValue[] {
  return map.items.flatMap(({ key, value }, index) => {
    if (!isScalar(key)) throw new Error(`a key of values.yaml is no text: ${key}`);
    const path = [...above, String(key.value)];
    const comment = key.commentBefore ?? (index === 0 ? ofFirst : undefined);
    const inner = isMap(value) ? within(value, path, value.commentBefore) : [];
    if (!comment) return inner;
    const plain = isMap(value) || isScalar(value) || value !== null ? toJs(value) : null;
    const description = comment
      .trim()
      .split(/\s*\n\s*/)
      .join(' ');
    return [{ path: path.join('.'), description, value: plain }, ...inner];
  });
}

function toJs(node: unknown): unknown {
  return (node as { toJSON(): unknown }).toJSON();
}
