/**
 * Makes text from the cluster printable. Names in a pod template, annotations, owner references and
 * messages of a server may contain any text. Without escapes and bounds, such a text could control
 * a terminal, forge log lines, or fill a disk.
 */

/**
 * The maximum size of a sentence in bytes of UTF-8, because the API server rejects an Event with a
 * longer note.
 */
export const maxSentenceBytes = 1024;

/** Control, format and other invisible characters, line breaks, and lone surrogates. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const unprintableInLines = /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Returns the text as one line. Characters that are invisible or control the output are escaped.
 */
export function printable(text: string): string {
  return text.replaceAll(unprintable, escaped);
}

/** Like `printable`, but keeps line breaks, for a text that this program made of several lines. */
export function printableLines(text: string): string {
  return text.replaceAll(unprintableInLines, escaped);
}

/** A text for a log, an Event, a report or a table cell: printable and bounded. */
export function sentence(text: string): string {
  // Each code unit takes at least one byte, so only this many can remain.
  return cut(printable(text.slice(0, maxSentenceBytes + 1)), maxSentenceBytes);
}

/** Cuts a text to a maximum of bytes in UTF-8. */
export function cut(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  const encoded = Buffer.from(text, 'utf8');
  if (encoded.length <= bytes) return text;
  // In stream mode, if the last character is incomplete, the decoder omits it.
  const kept = new TextDecoder().decode(encoded.subarray(0, bytes - 3), { stream: true });
  return `${kept}...`;
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
