/** Handles a request: parses it, executes it, and writes the response. */
import type { DeleteOptions, Deleter } from './deleter.ts';
import { at, isMap, type Json, type JsonMap, mapOf, textOf } from './json.ts';
import { list, predicateOf } from './list.ts';
import { jsonPatch, mergePatch, strategicMergePatch } from './patch.ts';
import { managerFor, partOf, type Route, routeOf } from './route.ts';
import type { SimulatedAnswer, SimulatedRequest } from './server.ts';
import { badRequest, notFound, StatusError } from './status.ts';
import type { Store } from './store.ts';
import { listText, objectText, statusText } from './text.ts';
import type { WriteCall, Writer, Written } from './writer.ts';

export interface HandlerDeps {
  readonly store: Store;
  readonly writer: Writer;
  readonly deleter: Deleter;
}

const headers = { 'content-type': 'application/json' } as const;

const answer = (status: number, text: string): SimulatedAnswer => ({ status, headers, text });

export function handle(request: SimulatedRequest, deps: HandlerDeps): SimulatedAnswer {
  if (request.path === '/version') return answer(200, '{"gitVersion":"v1.36.3"}');
  const route = routeOf(request);
  if (route === undefined) {
    return { status: 404, headers: { 'content-type': 'text/plain' }, text: '404 page not found\n' };
  }
  try {
    return dispatch(request, route, deps);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return answer(error.body.code, statusText(error.body));
  }
}

function dispatch(request: SimulatedRequest, route: Route, deps: HandlerDeps): SimulatedAnswer {
  switch (request.method) {
    case 'GET':
      return get(request, route, deps);
    case 'POST':
      return post(request, route, deps);
    case 'PUT':
      return put(request, route, deps);
    case 'PATCH':
      return patch(request, route, deps);
    case 'DELETE':
      return remove(request, route, deps);
  }
}

function get(request: SimulatedRequest, route: Route, { store }: HandlerDeps): SimulatedAnswer {
  const { resource, namespace = '', name } = route;
  if (name === undefined) return answer(200, list(store, route, request));
  const found = store.get(resource, namespace, name);
  if (found === undefined) throw notFound(resource, name);
  return answer(200, objectText(resource, found.object, partOf(request)));
}

function callOf(request: SimulatedRequest, route: Route): WriteCall {
  return {
    manager: managerFor(route, request),
    user: request.user ?? '',
    dryRun: route.query.get('dryRun') === 'All',
    subresource: route.subresource === 'status' ? 'status' : '',
  };
}

function bodyOf({ body = '' }: SimulatedRequest): Json {
  try {
    return JSON.parse(body);
  } catch {
    throw badRequest('the object provided is unrecognized (must be of type a JSON object)');
  }
}

/** The object in a request, without apiVersion and kind. */
function objectOf(request: SimulatedRequest, { resource }: Route): JsonMap {
  const { apiVersion: _, kind, ...object } = mapOf(bodyOf(request));
  if (kind !== undefined && kind !== resource.kind) {
    throw badRequest(`the object in the request is of the kind ${textOf(kind)}`);
  }
  return object as JsonMap;
}

function post(request: SimulatedRequest, route: Route, { writer }: HandlerDeps): SimulatedAnswer {
  const { resource, namespace = '' } = route;
  const call = callOf(request, route);
  const made = writer.create(resource, namespace, objectOf(request, route), call);
  return answer(201, objectText(resource, made, partOf(request)));
}

function written(
  request: SimulatedRequest,
  { resource }: Route,
  { object, isCreated }: Written,
): SimulatedAnswer {
  return answer(isCreated ? 201 : 200, objectText(resource, object, partOf(request)));
}

function put(request: SimulatedRequest, route: Route, { writer }: HandlerDeps): SimulatedAnswer {
  const { resource, namespace = '', name = '' } = route;
  const object = objectOf(request, route);
  const call = callOf(request, route);
  return written(request, route, writer.put(resource, namespace, name, object, call));
}

function patch(request: SimulatedRequest, route: Route, { writer }: HandlerDeps): SimulatedAnswer {
  const { resource, namespace = '', name = '', query } = route;
  const type = (request.headers['content-type'] ?? '').split(';')[0];
  const body = bodyOf(request);
  const call = callOf(request, route);
  if (type === 'application/apply-patch+yaml') {
    const force = query.get('force') === 'true';
    const applied = writer.apply(resource, namespace, name, mapOf(body), { ...call, force });
    return written(request, route, applied);
  }
  const change = (live: JsonMap): JsonMap => patched(type ?? '', resource.shape, live, body);
  return written(request, route, writer.update(resource, namespace, name, change, call));
}

function patched(
  type: string,
  shape: Route['resource']['shape'],
  live: JsonMap,
  body: Json,
): JsonMap {
  switch (type) {
    case 'application/json-patch+json':
      return jsonPatch(live, body);
    case 'application/merge-patch+json':
      if (!isMap(body)) throw badRequest('the patch is not an object');
      return mapOf(mergePatch(live, body));
    case 'application/strategic-merge-patch+json':
      return strategicMergePatch(shape, live, mapOf(body));
    default:
      throw new StatusError({
        code: 415,
        reason: 'UnsupportedMediaType',
        message: `the body of the request was in an unknown format: ${type}`,
      });
  }
}

function remove(request: SimulatedRequest, route: Route, deps: HandlerDeps): SimulatedAnswer {
  const { resource, namespace = '', name } = route;
  const { call, options } = deleteCall(request, route);
  if (name === undefined) return removeAll(request, route, deps);
  const deleted = deps.deleter.delete(resource, namespace, name, options, call);
  if ('object' in deleted)
    return answer(200, objectText(resource, deleted.object, partOf(request)));
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };
  return answer(200, JSON.stringify({ ...status, details: deleted.details }));
}

function deleteCall(
  request: SimulatedRequest,
  route: Route,
): { readonly call: WriteCall; readonly options: DeleteOptions } {
  const { query } = route;
  const body = request.body ? mapOf(bodyOf(request)) : {};
  const seconds = body['gracePeriodSeconds'] ?? query.get('gracePeriodSeconds');
  const dryRun = Array.isArray(body['dryRun']) && body['dryRun'].includes('All');
  const call = callOf(request, route);
  return {
    call: { ...call, dryRun: call.dryRun || dryRun },
    options: {
      propagationPolicy:
        textOf(body['propagationPolicy']) || (query.get('propagationPolicy') ?? ''),
      gracePeriodSeconds: seconds === null ? undefined : Number(seconds),
      uid: textOf(at(body, 'preconditions', 'uid')),
      resourceVersion: textOf(at(body, 'preconditions', 'resourceVersion')),
    },
  };
}

function removeAll(request: SimulatedRequest, route: Route, deps: HandlerDeps): SimulatedAnswer {
  const { resource, namespace } = route;
  const { call, options } = deleteCall(request, route);
  const predicate = predicateOf(route) ?? (() => true);
  const all = deps.store.list(resource, namespace).filter(({ object }) => predicate(object));
  for (const { namespace: its, name } of all) {
    deps.deleter.delete(resource, its, name, options, call);
  }
  const metadata = { resourceVersion: String(deps.store.version) };
  const objects = all.map(({ object }) => object);
  return answer(200, listText(resource, metadata, objects, partOf(request)));
}
