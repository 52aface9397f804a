/**
 * A URL without user, password, query and fragment, because each of these may be secret. The value
 * may be an invalid URL, so everything before the last @ counts as a password.
 */
export function shownUrl(text: string): string {
  const [begin = ''] = /^([a-z][a-z\d+.-]*:)?\/\//i.exec(text) ?? [];
  const rest = text.slice(begin.length);
  const user = rest.lastIndexOf('@');
  const query = rest.search(/[?#]/);
  // The text is ambiguous: a password may contain a `?`, and a query may contain an `@`.
  if (query >= 0 && query < user) return `${begin}***`;
  const end = query < 0 ? rest.length : query;
  return `${begin}${user < 0 ? '' : '***'}${rest.slice(Math.max(user, 0), end)}${query < 0 ? '' : '?***'}`;
}
