import { sentence } from '../../lib/text/printable.ts';

/**
 * JSON for programs. People also read the texts in it, with `jq -r` or on a terminal. So the texts
 * are escaped and bounded as in a table. Names that are valid in Kubernetes stay unchanged.
 */
export function jsonText(document: object): string {
  return JSON.stringify(document, bounded, 2);
}

/** Like `jsonText`, on one line, for a stream of documents. */
export function jsonLine(document: object): string {
  return JSON.stringify(document, bounded);
}

function bounded(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? sentence(value) : value;
}
