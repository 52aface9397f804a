const longest = 60;

/**
 * A value as JSON on one line, shortened for a message or a table, and without the user and
 * password of a URL: whatever stands before the last @, since a value that is refused need not be a
 * URL as it should be.
 */
export function shownValue(value: unknown): string {
  const text = jsonOf(value).replace(/\/\/.*@/s, '//***@');
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}

function jsonOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return 'a structure that contains itself';
  }
}
