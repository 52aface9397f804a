/**
 * The config hash as the contract defines it, written apart from lib/ so that a mistake in the one
 * cannot hide in the other: what independent programs would compute. Keys and names are ASCII and
 * no key looks like a number, so that plain JavaScript objects and orders will do.
 */
import { createHash } from 'node:crypto';

/** `namespace` is left out for the workload's own; `data` is text, null where the source is absent. */
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
