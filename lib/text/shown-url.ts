/**
 * A URL as it may be shown: without user, password, query and fragment, each of which may be a secret.
 * Whatever stands before the last @ counts as a password, since a value that is refused need not be a
 * URL as it should be.
 */
export function shownUrl(text: string): string {
  const [begin = ''] = /^([a-z][a-z\d+.-]*:)?\/\//i.exec(text) ?? [];
  const rest = text.slice(begin.length);
  const user = rest.lastIndexOf('@');
  const query = rest.search(/[?#]/);
  // Which of them is part of the other cannot be told: a password may have a ?, a query an @.
  if (query >= 0 && query < user) return `${begin}***`;
  const end = query < 0 ? rest.length : query;
  return `${begin}${user < 0 ? '' : '***'}${rest.slice(Math.max(user, 0), end)}${query < 0 ? '' : '?***'}`;
}
