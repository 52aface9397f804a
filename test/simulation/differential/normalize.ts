/** Removes all values from responses that each server generates itself: uids, versions and times. */
import {
  at,
  type Draft,
  isList,
  isMap,
  type Json,
  type JsonMap,
  mapOf,
  mapsOf,
  textOf,
} from '../server/json.ts';
import type { SimulatedAnswer } from '../server/server.ts';
import type { Answer, Body, Names } from './server-side.ts';

const times = new Set([
  ...['creationTimestamp', 'deletionTimestamp', 'time', 'lastTransitionTime', 'lastUpdateTime'],
  ...['lastProbeTime', 'startTime'],
]);

/** @param kind the kind of the objects in the response */
export function normalized({ status, text }: SimulatedAnswer, kind: string, names: Names): Answer {
  return { status, body: bodyOf(text, kind, names) };
}

function bodyOf(text: string, kind: string, names: Names): Body {
  let parsed: Json;
  try {
    parsed = JSON.parse(text);
  } catch {
    return text.trim();
  }
  if (!isMap(parsed)) return text;
  if ('items' in parsed) {
    for (const { metadata } of mapsOf(parsed['items'])) {
      if (isMap(metadata)) names.see(kind, metadata);
    }
    names.token = textOf(at(parsed, 'metadata', 'continue'));
    const list = { ...parsed, metadata: listMetadata(parsed['metadata']) };
    return withoutMadeUp(list, names, kind);
  }
  if (isMap(parsed['metadata'])) names.see(kind, parsed['metadata']);
  return withoutMadeUp(parsed, names, kind);
}

function listMetadata(metadata: Json | undefined): JsonMap {
  if (!isMap(metadata)) return {};
  const { resourceVersion, continue: token, ...others } = metadata;
  return {
    ...(others as JsonMap),
    hasVersion: resourceVersion !== undefined,
    hasToken: token !== undefined,
  };
}

const hashLabels = [
  'pod-template-hash',
  'controller.kubernetes.io/hash',
  'controller-revision-hash',
];

/** Records objects in the order of their revisions, because their names contain hashes. */
export function seeAll(objects: readonly JsonMap[], kind: string, names: Names): void {
  const revision = ({ metadata, revision: own }: JsonMap) =>
    Number(own ?? at(metadata, 'annotations', 'deployment.kubernetes.io/revision') ?? 0);
  for (const { metadata } of objects.toSorted((a, b) => revision(a) - revision(b))) {
    if (kind === 'Pod' || !isMap(metadata)) continue;
    const labels = mapOf(metadata['labels']);
    const hash = hashLabels.map((each) => textOf(labels[each])).find((each) => each !== '');
    const name = textOf(metadata['name']);
    if (hash !== undefined && name.endsWith(`-${hash}`)) {
      names.seeHash(name.slice(0, -hash.length - 1), hash);
    }
    names.see(kind, metadata);
  }
}

/** An object, or a list of objects, without generated values. */
export function withoutMadeUp(object: JsonMap, names: Names, kind: string): JsonMap {
  const plain = plainMap(comparable(object, kind), names, kind);
  const text = JSON.stringify(plain).replace(/kube-api-access-\w{5}/g, 'kube-api-access');
  return JSON.parse(names.inText(text)) as JsonMap;
}

function comparable(object: JsonMap, kind: string): JsonMap {
  if (kind === 'Pod') return withoutName(object);
  const isDeleting = at(object, 'metadata', 'deletionTimestamp') !== undefined;
  if (kind === 'Namespace' && isDeleting) return withoutVersion(withoutStatus(object));
  return kind === 'StatefulSet' && isDeleting ? withoutStatus(object) : object;
}

/**
 * The controller of a StatefulSet gives up as soon as one of its revisions is orphaned, perhaps before
 * all Pods are.
 */
function withoutStatus(object: JsonMap): JsonMap {
  const { status: _, ...others } = object;
  const metadata = mapOf(object['metadata']);
  const managedFields = mapsOf(metadata['managedFields']).filter(
    (each) => each['subresource'] !== 'status',
  );
  return { ...(others as JsonMap), metadata: { ...metadata, managedFields } };
}

/**
 * The simulation does not maintain the conditions of a namespace that is being deleted, so versions
 * differ.
 */
function withoutVersion(object: JsonMap): JsonMap {
  const { resourceVersion: _, ...metadata } = mapOf(object['metadata']);
  return { ...object, metadata: metadata as JsonMap };
}

/** Pods of one ReplicaSet differ only in generated values. */
function withoutName(object: JsonMap): JsonMap {
  const { name: _, uid: __, resourceVersion: ___, ...metadata } = mapOf(object['metadata']);
  return { ...object, metadata: metadata as JsonMap };
}

/** Which of these reasons a rollout has depends on the speed of two controllers. */
const inProgress = ['NewReplicaSetCreated', 'ReplicaSetUpdated', 'FoundNewReplicaSet'];

/** The number of steps in which a ReplicaSet is scaled also depends on the speed of the controllers. */
const generations = ['generation', 'observedGeneration'];

function plainMap(map: JsonMap, names: Names, kind: string): JsonMap {
  if (map['type'] === 'Progressing' && inProgress.includes(textOf(map['reason']))) {
    return { type: 'Progressing', reason: 'in progress' };
  }
  if (map['reason'] === 'NewReplicaSetAvailable') return { type: 'Progressing', reason: 'done' };
  const result: Draft = {};
  for (const [key, value] of Object.entries(map)) {
    if (times.has(key) && typeof value === 'string') result[key] = 'a time';
    else if (kind === 'ReplicaSet' && generations.includes(key)) result[key] = 'a generation';
    else if (key === 'resourceVersion') result[key] = versionOf(map, names, kind);
    else if (key === 'causes') result[key] = distinct(mapsOf(value), names);
    else if (key === 'ca.crt') result[key] = 'a certificate';
    else if (key === 'managedFields') result[key] = inOneOrder(value, names, kind);
    else if (key === 'message' && typeof value === 'string') {
      result[key] = plainMessage(names.inText(value));
    } else result[key] = plainValue(value, names, kind);
  }
  return result;
}

function plainValue(value: Json, names: Names, kind: string): Json {
  if (isMap(value)) return plainMap(value, names, kind);
  if (isList(value)) return value.map((each) => plainValue(each, names, kind));
  return value;
}

const versionOf = (metadata: JsonMap, names: Names, kind: string): string =>
  names.versionName(kind, textOf(metadata['name']), textOf(metadata['resourceVersion']));

function inOneOrder(value: Json, names: Names, kind: string): Json {
  const entries = mapsOf(value).map((each) => plainMap(each, names, kind));
  const order = ({ operation, manager, apiVersion, subresource }: JsonMap) =>
    JSON.stringify([operation, manager, apiVersion, subresource]);
  return entries.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** The API server repeats some causes, in a random order. */
const distinct = (causes: readonly JsonMap[], names: Names): Json =>
  [...new Set(causes.map((each) => names.inText(JSON.stringify(each))))].sort();

/** Removes versions from a message, and sorts the faults in it. */
function plainMessage(text: string): string {
  const plain = text.replace(/(ResourceVersion in [a-z ]+) \(\d+\)/g, '$1 (a version)');
  if (plain.startsWith('Apply failed with')) return plain.split('\n').sort().join('\n');
  if (!/ is invalid: \[/.test(plain)) return plain;
  return plain
    .split(/[[\],]+\s*/)
    .sort()
    .join(' | ');
}
