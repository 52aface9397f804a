/** The values of the Helm chart with what the comments of its values.yaml say about each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml';
import { manifests } from '../kustomize.ts';

export const chart = join(manifests, 'chart');

export type DescribedValue = {
  /** Groups joined by dots: `image.tag`. */
  path: string;
  description: string;
  /** What values.yaml has. */
  value: unknown;
};

/** All that have a comment, in the order of the file. A value without one belongs to what stands above it. */
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
  // The parser gives the comment above the first entry to the map.
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
