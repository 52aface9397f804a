/** The Kubernetes API request that an HTTP request makes, derived from its method, path and body. */
export type ApiRequestName = {
  verb: 'get' | 'list' | 'watch' | 'create' | 'patch' | 'update' | 'delete' | 'other';
  /** The plural name, such as `deployments`. */
  resource: string;
  namespace: string | undefined;
  name: string | undefined;
  /** Whether the request is a list with a `continue` token: a page after the first one. */
  continued: boolean;
  /** The name of the object that a created Event is about. */
  about: string | undefined;
};

const verbs: Readonly<Record<string, ApiRequestName['verb']>> = {
  POST: 'create',
  PATCH: 'patch',
  PUT: 'update',
  DELETE: 'delete',
};

export function apiRequestName(method: string, url: string, body: Buffer): ApiRequestName {
  const [path = '', query = ''] = url.split('?');
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const rest = parts[0] === 'api' ? parts.slice(2) : parts.slice(3);
  const namespaced = rest[0] === 'namespaces' && rest.length > 2;
  const [resource = '', name] = namespaced ? rest.slice(2) : rest;
  const parameters = new URLSearchParams(query);
  const isNewEvent = method === 'POST' && resource === 'events';
  return {
    verb: method === 'GET' ? readVerb(name, parameters) : (verbs[method] ?? 'other'),
    resource,
    namespace: namespaced ? rest[1] : undefined,
    name,
    continued: parameters.has('continue'),
    about: isNewEvent ? JSON.parse(body.toString()).regarding?.name : undefined,
  };
}

function readVerb(name: string | undefined, parameters: URLSearchParams): ApiRequestName['verb'] {
  if (name !== undefined) return 'get';
  return parameters.get('watch') === 'true' ? 'watch' : 'list';
}
