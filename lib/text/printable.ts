/**
 * Text that came from the cluster, as it may be shown: the names in a pod template, annotations, owner
 * references and the sentences of a server hold whatever their writers liked. Shown raw, it could steer a
 * terminal, make up lines of a log, and fill a disk.
 */

/** A sentence has at most as many bytes of UTF-8: the API server refuses an event whose note is longer. */
export const maxSentenceBytes = 1024;

/** Control, format and other invisible characters, line ends, and half characters. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const unprintableInLines = /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** On one line, and without any character that does something else than show itself: those are escaped. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, escaped);
}

/** As `printable`, of a text that we have put together of lines. */
export function printableLines(text: string): string {
  return text.replaceAll(unprintableInLines, escaped);
}

/** What is told of something in a log, an event, a report or a cell: printable, and not long. */
export function sentence(text: string): string {
  // Each unit is a byte or more: what comes behind is cut in any case, and need not be looked at.
  return cut(printable(text.slice(0, maxSentenceBytes + 1)), maxSentenceBytes);
}

/** At most so many bytes of UTF-8. */
export function cut(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  const encoded = Buffer.from(text, 'utf8');
  if (encoded.length <= bytes) return text;
  // In stream mode a character that was cut through is left out.
  const kept = new TextDecoder().decode(encoded.subarray(0, bytes - 3), { stream: true });
  return `${kept}...`;
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
