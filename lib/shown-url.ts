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
  // Which of them belongs to the other cannot be told: a password may have a ?, a query an @.
  if (user >= 0 && query >= 0) return `${begin}***`;
  if (user >= 0) return `${begin}***${rest.slice(user)}`;
  return query < 0 ? text : `${begin}${rest.slice(0, query)}?***`;
}
