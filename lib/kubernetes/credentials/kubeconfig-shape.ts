type Shape = 'text' | 'flag' | ListOf | MapOf | Mapping;
interface ListOf {
  readonly each: Shape;
}
/** A mapping with arbitrary keys. */
interface MapOf {
  readonly every: Shape;
}
interface Mapping {
  readonly [key: string]: Shape;
}

const text = 'text';
const named = (key: string, of: Mapping): ListOf => ({ each: { name: text, [key]: of } });

/** The fields that we and the client library read. Other fields are not checked. */
const kubeconfig: Mapping = {
  'current-context': text,
  clusters: named('cluster', {
    server: text,
    'certificate-authority': text,
    'certificate-authority-data': text,
    'tls-server-name': text,
    'proxy-url': text,
    'insecure-skip-tls-verify': 'flag',
    'disable-compression': 'flag',
    extensions: { each: { name: text } },
  }),
  contexts: named('context', { cluster: text, user: text, namespace: text }),
  users: named('user', {
    token: text,
    tokenFile: text,
    'client-certificate': text,
    'client-certificate-data': text,
    'client-key': text,
    'client-key-data': text,
    username: text,
    password: text,
    as: text,
    'as-uid': text,
    'as-groups': { each: text },
    'as-user-extra': { every: { each: text } },
    exec: {
      apiVersion: text,
      command: text,
      args: { each: text },
      env: { each: { name: text, value: text } },
      interactiveMode: text,
      provideClusterInfo: 'flag',
    },
    'auth-provider': { name: text },
  }),
};

/**
 * A sentence about the first field of a parsed kubeconfig that has a wrong type; undefined if all
 * types are right. The client library accepts any type. Later, it fails with a JavaScript error, or
 * does not fail at all. The sentence does not quote the value, because it may be a token.
 */
export function wrongForm(parsed: unknown): string | undefined {
  return problemAt('', parsed, kubeconfig);
}

function problemAt(place: string, value: unknown, shape: Shape): string | undefined {
  if (shape === 'text') return typeof value === 'string' ? undefined : `${place} must be a string`;
  if (shape === 'flag') {
    return typeof value === 'boolean' ? undefined : `${place} must be a boolean`;
  }
  if (isList(shape)) {
    if (!Array.isArray(value)) return `${place} must be a list`;
    return firstOf(value.entries(), ([i, item]) => problemAt(`${place}[${i}]`, item, shape.each));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `${place === '' ? 'the document root' : place} must be a mapping`;
  }
  const given = new Map<string, unknown>(Object.entries(value));
  const shapes = isMap(shape)
    ? [...given.keys()].map((key) => [key, shape.every] as const)
    : Object.entries(shape);
  return firstOf(shapes, ([key, inner]) => {
    const item = given.get(key);
    // kubectl writes null for empty fields.
    if (item === undefined || item === null) return undefined;
    return problemAt(place === '' ? key : `${place}.${key}`, item, inner);
  });
}

function isList(shape: ListOf | MapOf | Mapping): shape is ListOf {
  return 'each' in shape;
}

function isMap(shape: MapOf | Mapping): shape is MapOf {
  return 'every' in shape;
}

function firstOf<T>(
  items: Iterable<T>,
  problem: (item: T) => string | undefined,
): string | undefined {
  for (const item of items) {
    const found = problem(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
