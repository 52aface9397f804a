import type { SourceKind } from '../kubernetes/kinds.ts';

/** A text in a name, and the minimum number of characters before it. */
interface Piece {
  readonly text: string;
  readonly gap: 0 | 1;
}

/**
 * A pattern for names: texts with any characters between them. It can be matched in one run over the
 * name, so that no pattern of a tenant takes long.
 */
export interface NamePattern {
  /** The pattern as in the annotation. */
  readonly text: string;
  /** The text at the beginning of the name. */
  readonly first: string;
  readonly middle: readonly Piece[];
  /** The text at the end of the name. */
  readonly last: Piece;
}

/** A pattern in an annotation of a workload, for sources of its namespace. */
export interface SourcePattern {
  readonly kind: SourceKind;
  readonly pattern: NamePattern;
  readonly annotation: string;
}

const literal = /^[a-z0-9.-]*$/;

/**
 * The pattern of these texts; undefined if the texts have no gap between them, or if one of the
 * texts cannot be a part of a name.
 */
function patternOf(
  text: string,
  first: string | undefined,
  rest: readonly Piece[],
): NamePattern | undefined {
  const last = rest.at(-1);
  if (first === undefined || last === undefined || !literal.test(first)) return undefined;
  if (!rest.every((each) => literal.test(each.text))) return undefined;
  return { text, first, middle: rest.slice(0, -1), last };
}

/** Reads a name with `*` for any characters; undefined if the text is not a valid pattern. */
export function parseStars(text: string): NamePattern | undefined {
  const [first, ...rest] = text.split('*');
  return patternOf(
    text,
    first,
    rest.map((each) => ({ text: each, gap: 0 })),
  );
}

/**
 * Reads a regular expression of Reloader. Only `.*`, `.+`, `\.`, and `^` and `$` at the ends are supported. A
 * dot without a `*` or `+` after it stands for itself. Undefined if the text is not such an expression.
 */
export function parseReloaderPattern(text: string): NamePattern | undefined {
  const body = text.replace(/^\^/, '').replace(/\$$/, '');
  const unescaped = (each: string): string => each.replaceAll('\\.', '.');
  const [first, ...rest] = body.split(/(?=\.[*+])/);
  // If the expression begins with a gap, the first part is that gap.
  const begins = first !== undefined && /^\.[*+]/.test(first);
  const pieces = (begins ? [first, ...rest] : rest).map((each): Piece => {
    return { text: unescaped(each.slice(2)), gap: each.startsWith('.+') ? 1 : 0 };
  });
  return patternOf(text, begins ? '' : first && unescaped(first), pieces);
}

/** Whether a name matches. The time is proportional to the length of the name. */
export function matchesPattern({ first, middle, last }: NamePattern, name: string): boolean {
  if (!name.startsWith(first) || !name.endsWith(last.text)) return false;
  let at = first.length;
  for (const { text, gap } of middle) {
    const found = name.indexOf(text, at + gap);
    // Beyond the end of the name, an empty text is found at the end.
    if (found < at + gap) return false;
    at = found + text.length;
  }
  return name.length - last.text.length >= at + last.gap;
}

/** The names of all sources of a kind in one namespace, or why they are unknown. */
export type NamesReading =
  | { readonly state: 'read'; readonly names: readonly string[] }
  | { readonly state: 'unreadable'; readonly why: string };

export type NamesByKind = ReadonlyMap<SourceKind, NamesReading>;
