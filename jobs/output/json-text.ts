import { sentence } from '../../lib/text/printable.ts';

/**
 * A document for programs. A person reads it too, by `jq -r` or on a terminal, so its texts are as
 * printable, and as short, as they are in a table; a name that Kubernetes takes stays as it is.
 */
export function jsonText(document: object): string {
  return JSON.stringify(
    document,
    (_, value: unknown) => (typeof value === 'string' ? sentence(value) : value),
    2,
  );
}
