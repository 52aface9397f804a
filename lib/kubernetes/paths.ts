import type { ApiResource } from './kinds.ts';

/**
 * The path of the list of all objects of a resource, or of the objects of the resource in one
 * namespace.
 */
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

/** The query of a request, in the form that follows the path; empty if there are no parameters. */
export function queryText(
  query: Readonly<Record<string, string | number | undefined>> | undefined,
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}
