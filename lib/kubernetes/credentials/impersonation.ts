/** Whom a user of a kubeconfig asks the API server to act as, which needs the permission `impersonate`. */
export interface Impersonation {
  readonly as?: string | null;
  readonly 'as-uid'?: string | null;
  readonly 'as-groups'?: readonly string[] | null;
  readonly 'as-user-extra'?: Readonly<Record<string, readonly string[] | null>> | null;
}

/** Without the name, these would be refused, or given to nobody: kubectl says so too. */
export function lacksName(user: Impersonation): boolean {
  const more = [
    user['as-uid'],
    user['as-groups']?.length,
    Object.keys(user['as-user-extra'] ?? {})[0],
  ];
  return !user.as && more.some(Boolean);
}

/** The headers that go with each request, but for the name, which the client library sends. */
export function impersonationHeaders(user: Impersonation): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  if (user['as-uid']) headers['Impersonate-Uid'] = user['as-uid'];
  if (user['as-groups']?.length) headers['Impersonate-Group'] = [...user['as-groups']];
  for (const [key, values] of Object.entries(user['as-user-extra'] ?? {})) {
    // The name of a header knows neither capitals nor most signs.
    headers[`Impersonate-Extra-${encodeURIComponent(key)}`] = [...(values ?? [])];
  }
  return headers;
}
