import { isNamespaceName, isObjectName } from '../kubernetes/names.ts';
import { quote } from '../text/quote.ts';
import type { NamePattern } from './name-pattern.ts';

export interface NamedSource {
  /** Undefined if the entry has no namespace. Then it is the namespace of the workload. */
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface SourceList {
  readonly sources: readonly NamedSource[];
  readonly patterns: readonly NamePattern[];
  /** Entries that are neither the name of a source nor a pattern, quoted and shortened for a message. */
  readonly invalid: readonly string[];
}

/**
 * The number of entries in a comma-separated list. Counting is cheap, but parsing a list of 250 kB
 * takes a tenth of a second.
 */
export function entriesOf(value: string | undefined): number {
  if (value === undefined) return 0;
  let entries = 1;
  for (let at = value.indexOf(','); at >= 0; at = value.indexOf(',', at + 1)) entries += 1;
  return entries;
}

/**
 * Reads a comma-separated list of `name` or `namespace/name`. Blanks around entries and empty
 * entries are ignored. An entry that cannot be a name is reported and not requested: in a path, it
 * could name another resource.
 *
 * @param parsePattern reads an entry that is not a name; default: no entry is a pattern
 */
export function parseSourceList(
  value: string | undefined,
  parsePattern: (entry: string) => NamePattern | undefined = () => undefined,
): SourceList {
  const sources: NamedSource[] = [];
  const patterns: NamePattern[] = [];
  const invalid: string[] = [];
  for (const raw of (value ?? '').split(',')) {
    const entry = raw.trim();
    if (entry === '') continue;
    const slash = entry.indexOf('/');
    const namespace = slash < 0 ? undefined : entry.slice(0, slash);
    const name = entry.slice(slash + 1);
    if (isObjectName(name) && (namespace === undefined || isNamespaceName(namespace))) {
      sources.push({ namespace, name });
      continue;
    }
    const pattern = parsePattern(entry);
    if (pattern === undefined) invalid.push(quote(entry));
    else patterns.push(pattern);
  }
  return { sources, patterns, invalid };
}
