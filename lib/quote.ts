const longest = 120;

/**
 * A text that somebody else wrote, for a line of a log: in quotes, with control, format and other
 * invisible characters escaped, so that it can neither end the line nor steer a terminal.
 */
export function quote(text: string): string {
  const characters = [...text];
  const shown = characters.length > longest ? [...characters.slice(0, longest), '…'] : characters;
  return `"${shown.map(escaped).join('')}"`;
}

function escaped(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  if (!/[\p{C}\p{Zl}\p{Zp}]/u.test(character)) return character;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
