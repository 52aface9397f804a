/** Parses the path, the query and the headers of a request. */
import type { Resource } from './resource.ts';
import { resourceAt } from './resources.ts';
import type { SimulatedRequest } from './server.ts';

export interface Route {
  readonly resource: Resource;
  /** Undefined: all namespaces, or a cluster-scoped object. */
  readonly namespace: string | undefined;
  /** Undefined: a list. */
  readonly name: string | undefined;
  readonly subresource: string;
  readonly query: URLSearchParams;
}

/** Undefined if the API server does not serve the path. */
export function routeOf({ path }: Pick<SimulatedRequest, 'path'>): Route | undefined {
  const [before = '', query = ''] = path.split('?');
  const parts = before.split('/').slice(1).map(decodeURIComponent);
  const isCore = parts[0] === 'api';
  const apiVersion = isCore ? (parts[1] ?? '') : parts.slice(1, 3).join('/');
  const rest = parts.slice(isCore ? 2 : 3);
  const isInNamespace = rest[0] === 'namespaces' && rest.length > 2 && !isSubresource(rest);
  const namespace = isInNamespace ? rest[1] : undefined;
  const [plural = '', name, subresource = ''] = isInNamespace ? rest.slice(2) : rest;
  const resource = resourceAt(apiVersion, plural);
  if (resource === undefined) return undefined;
  if (resource.isNamespaced ? name !== undefined && namespace === undefined : isInNamespace) {
    return undefined;
  }
  return { resource, namespace, name, subresource, query: new URLSearchParams(query) };
}

const ofNamespaces = ['status', 'finalize'];

const isSubresource = (rest: readonly string[]): boolean =>
  rest.length === 3 && ofNamespaces.includes(rest[2] ?? '');

export type Part = 'all' | 'metadata';

/** The part of each object that a client requests. */
export const partOf = ({ headers }: Pick<SimulatedRequest, 'headers'>): Part =>
  headers['accept']?.includes('as=PartialObjectMetadata') ? 'metadata' : 'all';

/** The field manager of a request. */
export function managerFor({ query }: Route, { headers }: SimulatedRequest): string {
  return query.get('fieldManager') || (headers['user-agent'] ?? '').split('/')[0] || '';
}
