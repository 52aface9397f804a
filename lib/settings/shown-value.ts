import { shownUrl } from '../text/shown-url.ts';

const longest = 60;

/**
 * A value as JSON on one line, shortened for a message or a table, without the secret parts of
 * URLs.
 *
 * @param isUrl whether a URL is expected. If so, the value is treated as a URL even if it does not
 * look like a URL
 */
export function shownValue(value: unknown, isUrl = false): string {
  const text = jsonOf(value, isUrl);
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}

function jsonOf(value: unknown, isUrl: boolean): string {
  if (typeof value === 'number') return String(value);
  const shown = (_key: string, item: unknown): unknown =>
    typeof item === 'string' && (isUrl || item.includes('//')) ? shownUrl(item) : item;
  try {
    return JSON.stringify(value, shown) ?? String(value);
  } catch {
    return 'a circular structure';
  }
}
