/** Random requests about ConfigMaps and Secrets, as wave-cron, users and GitOps tools send them. */
import type { Draft, Json, JsonMap } from '../server/json.ts';
import type { Random } from './random.ts';
import type { Step } from './step.ts';
import { apis, type Kind, keyOf, type Target } from './targets.ts';

export const managers = ['wave-cron', 'kubectl-edit', 'argocd', 'helm'] as const;

const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

const sources: readonly [Target, ...Target[]] = [
  { kind: 'ConfigMap', name: 'a' },
  { kind: 'ConfigMap', name: 'b' },
  { kind: 'ConfigMap', name: 'c' },
  { kind: 'Secret', name: 's' },
  { kind: 'Secret', name: 't' },
];

/** The values of keys. Null removes a key. */
type Values = Readonly<Record<string, string | null>>;

function someValues(random: Random, keys: readonly string[], mayRemove: boolean): Values {
  return Object.fromEntries(
    random
      .some(keys, 0.4)
      .map((key) => [key, mayRemove && random.chance(0.25) ? null : `v${random.below(3)}`]),
  );
}

const annotationKeys = ['wave.pusher.com/note', 'example.com/other', 'plain'] as const;
const labelKeys = ['app', 'example.com/team'] as const;

/** The API server rejects most of these. */
const badAnnotations: readonly [Values, ...Values[]] = [
  { 'example.com/': 'x' },
  { 'a/b/c': 'x' },
  { '-bad': 'x' },
  { large: 'x'.repeat(300_000) },
];

const badLabels: readonly [Values, ...Values[]] = [{ app: 'not valid!' }, { '-bad': 'x' }];

const encoded = (values: Values): Values =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      value === null ? null : Buffer.from(value).toString('base64'),
    ]),
  );

function dataOf(random: Random, kind: Kind, mayRemove: boolean): Draft {
  const keys = random.chance(0.03) ? ['not a key', 'x'] : ['x', 'y', 'z'];
  const values = someValues(random, keys, mayRemove);
  if (Object.keys(values).length === 0) return {};
  if (kind === 'ConfigMap') {
    if (random.chance(0.1)) return { binaryData: encoded(values) };
    return { data: values };
  }
  return random.chance(0.4) ? { stringData: values } : { data: encoded(values) };
}

export function metadataChange(random: Random, mayRemove: boolean): Draft {
  const metadata: Draft = {};
  const annotations = random.chance(0.03)
    ? random.pick(badAnnotations)
    : someValues(random, annotationKeys, mayRemove);
  const labels = random.chance(0.03)
    ? random.pick(badLabels)
    : someValues(random, labelKeys, mayRemove);
  if (Object.keys(annotations).length > 0) metadata['annotations'] = annotations;
  if (Object.keys(labels).length > 0 && random.chance(0.5)) metadata['labels'] = labels;
  return metadata;
}

/** The version or the uid that a request requires. Some are wrong. */
export function preconditions(random: Random, target: Target): Draft {
  const key = keyOf(target);
  const result: Draft = {};
  if (random.chance(0.3)) result['resourceVersion'] = `$rv:${key}`;
  else if (random.chance(0.1)) result['resourceVersion'] = `$old:${key}`;
  if (random.chance(0.15)) result['uid'] = `$uid:${key}`;
  else if (random.chance(0.03)) result['uid'] = '11111111-2222-4333-8444-555555555555';
  return result;
}

function sourceChange(random: Random, target: Target, mayRemove: boolean): Draft {
  const change: Draft = dataOf(random, target.kind, mayRemove);
  const metadata = random.chance(0.5) ? metadataChange(random, mayRemove) : {};
  if (random.chance(0.03)) change['immutable'] = random.chance(0.7);
  if (random.chance(0.02) && target.kind === 'Secret') change['type'] = 'example.com/other';
  return { ...change, ...(Object.keys(metadata).length > 0 ? { metadata } : {}) };
}

export function sourceStep(random: Random): Step {
  const target = random.pick(sources);
  return random.weighted<() => Step>([
    [12, () => createStep(random, target, sourceChange(random, target, false))],
    [10, () => putStep(random, target, sourceChange(random, target, true))],
    [14, () => patchStep(random, target, sourceChange(random, target, true))],
    [8, () => jsonPatchStep(random, target, ['data', 'metadata'])],
    [10, () => applyStep(random, target, sourceChange(random, target, false))],
    [6, () => getStep(random, target)],
    [3, () => listStep(random, target.kind)],
    [5, () => deleteStep(random, target)],
  ])();
}

export const dryRun = (random: Random): string => (random.chance(0.05) ? '&dryRun=All' : '');

/** The field manager of a request, either in the query or as the user agent. */
export function by(random: Random): { readonly query: string; readonly userAgent: string } {
  const manager = random.pick(managers);
  return random.chance(0.5)
    ? { query: `?fieldManager=${manager}`, userAgent: 'someone/1.0' }
    : { query: '?', userAgent: `${manager}/v1.2 (linux)` };
}

export const accepting = (random: Random): Pick<Step, 'accept'> =>
  random.chance(0.3) ? { accept: metadataOnly } : {};

export function createStep(random: Random, target: Target, fields: Draft): Step {
  const { query, userAgent } = by(random);
  const { kind, name } = target;
  const { metadata, ...others } = fields;
  const body: JsonMap = {
    ...{ apiVersion: apis[kind].apiVersion, kind },
    metadata: { ...(metadata as Draft | undefined), name },
    ...(others as Draft),
  };
  return {
    ...{ kind, name: undefined, method: 'POST', userAgent, body },
    suffix: `${query}${dryRun(random)}`,
    ...accepting(random),
    settles: false,
  };
}

export function putStep(random: Random, target: Target, change: Draft, subresource = ''): Step {
  const { query, userAgent } = by(random);
  const metadata = {
    ...(change['metadata'] as Draft | undefined),
    ...(random.chance(0.2) ? { resourceVersion: null } : {}),
    ...(random.chance(0.05) ? { uid: null } : {}),
    ...(random.chance(0.1) ? preconditions(random, target) : {}),
    ...(random.chance(0.03) ? { managedFields: [{}] } : {}),
  };
  return {
    ...target,
    ...{ method: 'PUT', userAgent, edit: { ...change, metadata } },
    suffix: `${subresource}${query}${dryRun(random)}`,
    ...accepting(random),
    settles: false,
  };
}

export function patchStep(
  random: Random,
  target: Target,
  change: Draft,
  subresource = '',
  types: readonly [string, ...string[]] = ['strategic-merge-patch', 'merge-patch'],
): Step {
  const { query, userAgent } = by(random);
  const metadata = {
    ...(change['metadata'] as Draft | undefined),
    ...preconditions(random, target),
  };
  const body: JsonMap = Object.keys(metadata).length === 0 ? change : { ...change, metadata };
  return {
    ...target,
    ...{ method: 'PATCH', userAgent, body },
    contentType: `application/${random.pick(types)}+json`,
    suffix: `${subresource}${query}${dryRun(random)}`,
    ...accepting(random),
    settles: false,
  };
}

export function jsonPatchStep(
  random: Random,
  target: Target,
  fields: readonly ('data' | 'metadata')[],
): Step {
  const { query, userAgent } = by(random);
  const count = 1 + random.below(3);
  const operations = Array.from({ length: count }, () => operation(random, fields, target.kind));
  return {
    ...target,
    ...{ method: 'PATCH', userAgent, body: operations },
    contentType: 'application/json-patch+json',
    suffix: `${query}${dryRun(random)}`,
    ...accepting(random),
    settles: false,
  };
}

function operation(random: Random, fields: readonly string[], kind: Kind): JsonMap {
  const op = random.pick(['add', 'add', 'replace', 'remove', 'test'] as const);
  const isData = fields.includes('data') && random.chance(0.5);
  const path = isData
    ? `/data/${random.pick(['x', 'y'])}`
    : `/metadata/annotations/${random.pick(['plain', 'example.com~1other'])}`;
  const text = `v${random.below(3)}`;
  const value = isData && kind === 'Secret' ? Buffer.from(text).toString('base64') : text;
  return op === 'remove' ? { op, path } : { op, path, value };
}

export function applyStep(random: Random, target: Target, change: Draft): Step {
  const { kind, name } = target;
  const manager = random.pick(['argocd', 'flux'] as const);
  const { metadata, ...others } = change;
  const body: Json = {
    ...{ apiVersion: apis[kind].apiVersion, kind },
    metadata: { ...(metadata as Draft | undefined), name },
    ...(others as Draft),
  };
  const force = random.chance(0.6) ? '&force=true' : '';
  return {
    ...target,
    ...{ method: 'PATCH', userAgent: 'apply/1', body },
    contentType: 'application/apply-patch+yaml',
    suffix: `?fieldManager=${manager}${force}${dryRun(random)}`,
    ...accepting(random),
    settles: false,
  };
}

export function getStep(random: Random, target: Target): Step {
  return {
    ...target,
    ...{ method: 'GET', suffix: '', userAgent: 'someone/1.0' },
    ...accepting(random),
    settles: false,
  };
}

const selectors = [
  'app=v1',
  'app!=v1',
  'app',
  '!app',
  'app in (v0,v1)',
  'app notin (v0)',
  'app=v1,example.com/team',
] as const;

export function listStep(random: Random, kind: Kind): Step {
  const query = new URLSearchParams();
  if (random.chance(0.5)) query.set('labelSelector', random.pick(selectors));
  if (random.chance(0.3))
    query.set('fieldSelector', random.pick(['metadata.name=a', 'metadata.name!=a']));
  if (random.chance(0.5)) query.set('limit', String(1 + random.below(3)));
  // Requests the next page of the last list. That list may have been of another kind.
  const page = random.chance(0.25) ? '&continue=$token' : '';
  return {
    ...{ kind, name: undefined, method: 'GET', userAgent: 'someone/1.0' },
    suffix: query.size === 0 ? '' : `?${query}${page}`,
    ...(random.chance(0.3)
      ? { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' }
      : {}),
    settles: false,
  };
}

export function deleteStep(random: Random, target: Target): Step {
  const body: Draft = {};
  const policy = random.pick(['', '', 'Background', 'Foreground', 'Orphan'] as const);
  if (policy !== '') body['propagationPolicy'] = policy;
  const named = preconditions(random, target);
  if (Object.keys(named).length > 0 && random.chance(0.3)) body['preconditions'] = named;
  return {
    ...target,
    ...{ method: 'DELETE', userAgent: 'someone/1.0', suffix: '' },
    ...(Object.keys(body).length > 0 ? { body } : {}),
    settles: true,
  };
}
