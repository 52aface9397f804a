import { sentence } from '../../lib/text/printable.ts';

/**
 * JSON for programs. People read it too, with `jq -r` or on a terminal, so its texts are escaped
 * and bounded like in a table. Names that are valid in Kubernetes stay unchanged.
 */
export function jsonText(document: object): string {
  return JSON.stringify(document, bounded, 2);
}

/** The same on one line, for a stream of documents. */
export function jsonLine(document: object): string {
  return JSON.stringify(document, bounded);
}

function bounded(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? sentence(value) : value;
}
