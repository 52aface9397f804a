import type { ApiResource } from './kinds.ts';

/** The path of all objects of a resource, or of its objects in one namespace. */
export function listPath(
  { group, version, plural }: ApiResource,
  namespace: string | undefined,
): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${plural}`;
}

export function objectPath(
  resource: ApiResource,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): string {
  return `${listPath(resource, namespace)}/${encodeURIComponent(name)}`;
}
