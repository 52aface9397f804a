const longest = 60;

/**
 * A value as JSON on one line, shortened for a message or a table, and without the user and
 * password of a URL.
 */
export function shownValue(value: unknown): string {
  const text = jsonOf(value).replaceAll(/\/\/[^/@\s"]+@/g, '//***@');
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
