import { printable } from './printable.ts';

const longest = 120;

/**
 * Quotes a text from outside for a log line. Control, format and other invisible characters are
 * escaped, so that the text can neither end the line nor control a terminal.
 */
export function quote(text: string): string {
  // Only a part of the text is divided, because it may have a megabyte. A character has at most two
  // code units.
  const characters = [...text.slice(0, 2 * longest + 2)];
  const shown =
    characters.length > longest ? `${characters.slice(0, longest).join('')}…` : characters.join('');
  return `"${printable(shown.replaceAll(/["\\]/g, '\\$&'))}"`;
}
