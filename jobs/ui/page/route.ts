/** The page that is shown. It is part of the address, so it stays the same after a reload. */
export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'timeline' }
  | ({ readonly page: 'workload' } & ShownWorkload)
  | { readonly page: 'none' };

/** Names a workload. */
export interface ShownWorkload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export const overviewPath = '/';
export const timelinePath = '/timeline';

export function workloadPath({ kind, namespace, name }: ShownWorkload): string {
  return `/workload/${[kind, namespace, name].map(encodeURIComponent).join('/')}`;
}

export function routeOf(path: string): Route {
  if (path === overviewPath) return { page: 'overview' };
  if (path === timelinePath) return { page: 'timeline' };
  const [, kind, namespace, name] = /^\/workload\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  if (kind === undefined || namespace === undefined || name === undefined) return { page: 'none' };
  const [decodedKind, decodedNamespace, decodedName] = [kind, namespace, name].map(decoded);
  if (decodedKind === undefined || decodedNamespace === undefined || decodedName === undefined) {
    return { page: 'none' };
  }
  const workload = { kind: decodedKind, namespace: decodedNamespace, name: decodedName };
  return { page: 'workload', ...workload };
}

/** Undefined if the text is not a valid part of a path. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
