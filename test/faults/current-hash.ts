/**
 * Computes the config hash by its definition, as an independent program would. It shares no code with lib/,
 * so that a mistake in one of the two shows. Keys and names must be ASCII, and no key may look like a
 * number. Then plain JavaScript objects and string comparison give the defined order.
 */
import { createHash } from 'node:crypto';

/**
 * A source in the hash. `namespace` is omitted for a source in the workload's own namespace. `data`
 * is text; null if the source is absent.
 */
export type HashedSource = {
  kind: 'ConfigMap' | 'Secret';
  name: string;
  namespace?: string;
  data: Readonly<Record<string, string>> | null;
};

export function currentHash(sources: readonly HashedSource[]): string {
  const entries = sources.map(({ kind, name, namespace = '', data }) => {
    const content =
      data &&
      Object.fromEntries(
        Object.keys(data)
          .sort()
          .map((key) => [key, Buffer.from(data[key] ?? '').toString('base64')]),
      );
    return [kind, namespace, name, content] as const;
  });
  const order = (entry: (typeof entries)[number]) => entry.slice(0, 3).join(' ');
  entries.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex');
}
