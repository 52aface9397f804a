/** Lists: selectors, pages, and the versions of continue tokens. */
import { type JsonMap, textOf } from './json.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import { type Part, partOf, type Route } from './route.ts';
import { fieldPredicate, labelPredicate, type Predicate } from './selector.ts';
import type { SimulatedRequest } from './server.ts';
import { badRequest, expired } from './status.ts';
import type { Store, Stored } from './store.ts';
import { listText } from './text.ts';

interface Token {
  /** Negative: the current version. */
  readonly rv: number;
  /** The key of the last object on the previous page, with a zero byte. */
  readonly start: string;
}

const supportedFields: Readonly<Record<string, readonly string[]>> = {
  events: [
    ...['regarding.kind', 'regarding.name', 'regarding.namespace', 'regarding.uid'],
    ...['reason', 'type', 'reportingController'],
  ],
  pods: ['spec.nodeName', 'status.phase', 'spec.schedulerName', 'spec.restartPolicy'],
  secrets: ['type'],
  namespaces: ['status.phase'],
  replicasets: ['status.replicas'],
};

/** Undefined if the selectors match all objects. */
export function predicateOf({ resource, query }: Route): Predicate | undefined {
  const fields = [
    'metadata.name',
    'metadata.namespace',
    ...(supportedFields[resource.plural] ?? []),
  ];
  const version = `${apiVersionOf(resource)}, Resource=${resource.plural}`;
  const label = labelPredicate(query.get('labelSelector') ?? '');
  const field = fieldPredicate(query.get('fieldSelector') ?? '', fields, version);
  if (label === undefined) return field;
  if (field === undefined) return label;
  return (object) => label(object) && field(object);
}

export function list(store: Store, route: Route, request: SimulatedRequest): string {
  const { resource, namespace, query } = route;
  const part: Part = partOf(request);
  const limit = Number(query.get('limit') ?? 0);
  const token = tokenOf(query.get('continue'));
  const version = token === undefined || token.rv < 0 ? store.version : token.rv;
  const predicate = predicateOf(route);
  const all = candidates(store, resource, namespace, token, version).filter(hasAskedName(route));
  const { items, rest } = page(all, predicate, limit);
  const last = items.at(-1);
  const metadata: JsonMap = {
    resourceVersion: String(version),
    ...(rest > 0 && last !== undefined
      ? {
          continue: textOfToken({ rv: version, start: `${keyOf(last, namespace)}\0` }),
          ...(predicate === undefined ? { remainingItemCount: rest } : {}),
        }
      : {}),
  };
  return listText(
    resource,
    metadata,
    items.map(({ object }) => object),
    part,
  );
}

/**
 * The API server gets an object by the name in the field selector. So it does not count other objects
 * as remaining.
 */
function hasAskedName({ namespace, resource, query }: Route): (stored: Stored) => boolean {
  const isOfOne = namespace !== undefined || !resource.isNamespaced;
  const [, name] = /(?:^|,)metadata\.name==?([^,]+)/.exec(query.get('fieldSelector') ?? '') ?? [];
  return name === undefined || !isOfOne ? () => true : (stored) => stored.name === name;
}

const keyOf = ({ namespace: own, name }: Stored, namespace: string | undefined): string =>
  namespace === undefined && own !== '' ? `${own}/${name}` : name;

function candidates(
  store: Store,
  resource: Resource,
  namespace: string | undefined,
  token: Token | undefined,
  version: number,
): readonly Stored[] {
  if (token === undefined) return store.list(resource, namespace);
  if (version < store.compacted) {
    throw expired(tooOld, {
      continue: textOfToken({ rv: -1, start: token.start }),
    });
  }
  const all = store.listAt(version, resource, namespace);
  return all.filter((each) => `${keyOf(each, namespace)}` >= token.start);
}

const tooOld =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

function page(
  all: readonly Stored[],
  predicate: Predicate | undefined,
  limit: number,
): { readonly items: readonly Stored[]; readonly rest: number } {
  if (predicate === undefined) {
    if (limit === 0 || all.length <= limit) return { items: all, rest: 0 };
    return { items: all.slice(0, limit), rest: all.length - limit };
  }
  const items: Stored[] = [];
  for (const [at, each] of all.entries()) {
    if (!predicate(each.object)) continue;
    items.push(each);
    // The API server does not check whether the remaining objects match.
    if (items.length === limit) return { items, rest: all.length - at - 1 };
  }
  return { items, rest: 0 };
}

function tokenOf(text: string | null): Token | undefined {
  if (text === null || text === '') return undefined;
  try {
    const { rv, start } = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (typeof rv === 'number') return { rv, start: textOf(start) };
  } catch {
    // The error below is the response.
  }
  throw badRequest('continue key is not valid');
}

const textOfToken = ({ rv, start }: Token): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv, start })).toString('base64url');
