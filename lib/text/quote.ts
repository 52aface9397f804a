import { printable } from './printable.ts';

const longest = 120;

/**
 * A text that somebody else wrote, for a line of a log: in quotes, with control, format and other
 * invisible characters escaped, so that it can neither end the line nor steer a terminal.
 */
export function quote(text: string): string {
  // It may be a megabyte, and a character has at most two units.
  const characters = [...text.slice(0, 2 * longest + 2)];
  const shown =
    characters.length > longest ? `${characters.slice(0, longest).join('')}…` : characters.join('');
  return `"${printable(shown.replaceAll(/["\\]/g, '\\$&'))}"`;
}
