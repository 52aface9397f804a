/** The user to impersonate, which requires the permission `impersonate`. */
export interface Impersonation {
  readonly as?: string | null;
  readonly 'as-uid'?: string | null;
  readonly 'as-groups'?: readonly string[] | null;
  readonly 'as-user-extra'?: Readonly<Record<string, readonly string[] | null>> | null;
}

/**
 * Whether the user name `as` is missing. Without it, the API server would reject or ignore the
 * other fields. kubectl also reports a missing name.
 */
export function lacksName(user: Impersonation): boolean {
  const more = [
    user['as-uid'],
    user['as-groups']?.length,
    Object.keys(user['as-user-extra'] ?? {})[0],
  ];
  return !user.as && more.some(Boolean);
}

/** The headers to add to each request. The client library sends the header with the user name. */
export function impersonationHeaders(user: Impersonation): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  if (user['as-uid']) headers['Impersonate-Uid'] = user['as-uid'];
  if (user['as-groups']?.length) headers['Impersonate-Group'] = [...user['as-groups']];
  for (const [key, values] of Object.entries(user['as-user-extra'] ?? {})) {
    // Header names are case-insensitive and allow few characters.
    headers[`Impersonate-Extra-${encodeURIComponent(key)}`] = [...(values ?? [])];
  }
  return headers;
}
