import type { SourceKind } from '../kubernetes/kinds.ts';

/**
 * A pattern for names: texts with any characters between them. It can be matched in one run over the
 * name, so that no pattern of a tenant takes long.
 */
export interface NamePattern {
  /** As in the annotation. */
  readonly text: string;
  /** At least two. The first one begins the name, the last one ends it; both may be empty. */
  readonly pieces: readonly string[];
  /** The minimum number of characters after each piece but the last one. */
  readonly gaps: readonly (0 | 1)[];
}

/** A pattern in an annotation of a workload, for sources of its namespace. */
export interface SourcePattern {
  readonly kind: SourceKind;
  readonly pattern: NamePattern;
  readonly annotation: string;
}

const piece = /^[a-z0-9.-]*$/;

/** Reads a name with `*` for any characters; undefined if it is none. */
export function parseStars(text: string): NamePattern | undefined {
  const pieces = text.split('*');
  if (pieces.length < 2 || !pieces.every((each) => piece.test(each))) return undefined;
  return { text, pieces, gaps: pieces.slice(1).map(() => 0) };
}

/**
 * Reads a regular expression of Reloader, of which only `.*`, `.+`, `\.`, and `^` and `$` at the ends
 * are supported. A dot that no `*` or `+` follows stands for itself. Undefined if it is none.
 */
export function parseReloaderPattern(text: string): NamePattern | undefined {
  const body = text.replace(/^\^/, '').replace(/\$$/, '');
  const parts = body.split(/(\.[*+])/);
  const pieces = parts.filter((_, at) => at % 2 === 0).map((each) => each.replaceAll('\\.', '.'));
  const gaps = parts.filter((_, at) => at % 2 === 1).map((each) => (each === '.+' ? 1 : 0));
  if (gaps.length === 0 || !pieces.every((each) => piece.test(each))) return undefined;
  return { text, pieces, gaps };
}

/** Whether a name matches. The time is proportional to the length of the name. */
export function matchesPattern({ pieces, gaps }: NamePattern, name: string): boolean {
  const [first = ''] = pieces;
  const last = pieces.at(-1) ?? '';
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const [index, middle] of pieces.slice(1, -1).entries()) {
    const found = name.indexOf(middle, at + (gaps[index] ?? 0));
    if (found < 0) return false;
    at = found + middle.length;
  }
  return name.length - last.length >= at + (gaps.at(-1) ?? 0);
}

/** The names of all sources of a kind in one namespace, or why they are unknown. */
export type NamesReading =
  | { readonly state: 'read'; readonly names: readonly string[] }
  | { readonly state: 'unreadable'; readonly why: string };

export type NamesByKind = ReadonlyMap<SourceKind, NamesReading>;
