/** Turns a step into a request, for the present state of the step's object. */
import { randomUUID } from 'node:crypto';
import type { Api, Fields, KubernetesObject } from '../../../tools/control-plane/api.ts';
import type { Edit, Step } from './steps.ts';
import type { Owner, World } from './world.ts';

type Update = Extract<Step, { do: 'update' }>;
type Managers = Fields & { manager: string; operation: string; fieldsV1: Fields };

export async function send(
  account: Api,
  path: string,
  { request, manager, subresource }: Pick<Update, 'request' | 'manager' | 'subresource'>,
  now: KubernetesObject,
  changed: KubernetesObject,
): Promise<void> {
  const sub = subresource === '' ? path : `${path}/${subresource}`;
  const at = `${sub}?fieldManager=${encodeURIComponent(manager)}`;
  const parts = [...differences(now, changed)];
  switch (request) {
    case 'put':
      await account.replace(at, changed);
      return;
    case 'json': {
      const operations = parts.map(({ keys, value }) => {
        const pointer = `/${keys.map((key) => key.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`;
        return value === undefined
          ? { op: 'remove', path: pointer }
          : { op: 'add', path: pointer, value };
      });
      await account.patch(at, operations, 'json');
      return;
    }
    case 'merge':
      await account.patch(at, nested(parts), 'merge');
      return;
    case 'strategic-merge':
      await account.patch(at, nested(parts.map((part) => asListOfChanges(part, now))));
      return;
    case 'apply': {
      const { apiVersion, kind, metadata } = now;
      const there = parts.filter(({ value }) => value !== undefined);
      const body = nested([{ keys: ['metadata', 'name'], value: metadata.name }, ...there]);
      await account.patch(`${at}&force=true`, { apiVersion, kind, ...body }, 'apply');
    }
  }
}

/** Returns a copy of the object with the edits. */
export function edited(
  now: KubernetesObject,
  edits: readonly Edit[],
  world: World,
): KubernetesObject {
  const object = structuredClone(now);
  for (const edit of edits) {
    const { metadata } = object;
    switch (edit.what) {
      case 'owners': {
        const owners = (metadata.ownerReferences ?? []) as Owner[];
        const all = withOwners(owners, edit, world);
        if (all.length > 0) metadata.ownerReferences = all as never;
        else delete metadata.ownerReferences;
        break;
      }
      case 'managers':
        metadata['managedFields'] = withManagers(
          (metadata['managedFields'] ?? []) as Managers[],
          edit,
          (metadata.ownerReferences ?? []) as Owner[],
        );
        break;
      case 'finalizers':
        metadata.finalizers = [...edit.all];
        break;
      case 'annotation': {
        const on = edit.on === 'template' ? ['spec', 'template', 'metadata'] : ['metadata'];
        if (edit.on === 'template' && object.spec?.['template'] === undefined) break;
        set(object, [...on, 'annotations', edit.name], edit.value);
        break;
      }
      case 'field':
        set(object, edit.path, edit.value);
    }
  }
  return object;
}

function withOwners(
  owners: readonly Owner[],
  { how, picks }: Extract<Edit, { what: 'owners' }>,
  { lasting, workloads }: World,
): Owner[] {
  const [first = 0, second = 0] = picks;
  const some = candidates(owners, lasting, workloads);
  const chosen = picks.map((pick) => some[pick % some.length] as Owner);
  const at = owners.length === 0 ? 0 : first % owners.length;
  switch (how) {
    case 'add':
      return [...owners, ...chosen];
    case 'remove':
      return owners.filter((_, i) => i !== at);
    case 'set':
      return chosen;
    case 'flood': {
      // The garbage collector looks up all these owners. Until it has done so, there is time for more updates.
      const ghosts = Array.from({ length: 100 }, () => ghost(lasting, randomUUID()));
      return [...ghosts, ...chosen, lasting];
    }
    case 'change':
      return owners.map((owner, i) => (i === at ? { ...owner, ...altered(second) } : owner));
    case 'asAPassDoes': {
      const web = workloads[first % workloads.length] as Owner;
      const uids = new Set(owners.map(({ uid }) => uid));
      return [...owners, ...[web, lasting].filter(({ uid }) => !uids.has(uid))];
    }
    case 'asAPassUndoes': {
      const gone = owners.filter(({ uid }) => workloads.some((it) => it.uid === uid));
      const last = gone.length <= 1 ? [lasting.uid] : [];
      const uids = new Set([...gone.slice(0, 1).map(({ uid }) => uid), ...last]);
      return owners.filter(({ uid }) => !uids.has(uid));
    }
  }
}

function candidates(
  owners: readonly Owner[],
  namespace: Owner,
  workloads: readonly Owner[],
): Owner[] {
  const [web = namespace] = workloads;
  const other = { controller: false, blockOwnerDeletion: false };
  return [
    ...[...workloads, namespace, ghost(web, randomUUID()), ghost(web, namespace.uid)],
    ...owners.map(({ uid }) => ghost(web, uid)),
    ...[
      { ...namespace, uid: randomUUID() },
      { ...namespace, name: 'default' },
    ],
    { ...web, controller: true },
    { ...web, uid: randomUUID(), blockOwnerDeletion: true },
    { ...{ apiVersion: 'v1', kind: 'Pod', name: 'pod', uid: randomUUID() }, ...other },
    { ...{ apiVersion: 'v1', kind: 'Node', name: 'node', uid: randomUUID() }, ...other },
  ];
}

const ghost = (like: Owner, uid: string): Owner => ({
  ...like,
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'ghost', uid },
});

function altered(pick: number): Fields {
  const all = [
    ...[{ controller: true }, { controller: false }, { blockOwnerDeletion: true }],
    ...[{ name: 'changed' }, { kind: 'StatefulSet' }, { apiVersion: 'apps/v1beta1' }],
    { uid: randomUUID() },
  ];
  return all[pick % all.length] as Fields;
}

function withManagers(
  all: readonly Managers[],
  { how, manager, pick }: Extract<Edit, { what: 'managers' }>,
  owners: readonly Owner[],
): Fields[] {
  const at = all.length === 0 ? 0 : pick % all.length;
  const onOne = (change: (entry: Managers) => Fields) =>
    all.map((entry, i) => (i === at ? change(structuredClone(entry)) : entry));
  switch (how) {
    case 'forget':
      return [{}];
    case 'drop':
      return all.filter((_, i) => i !== at);
    case 'rename':
      return onOne((entry) => ({ ...entry, manager }));
    case 'operation':
      return onOne((entry) => ({
        ...entry,
        operation: entry.operation === 'Apply' ? 'Update' : 'Apply',
      }));
    case 'unclaim':
      return onOne((entry) => {
        set(entry, ['fieldsV1', 'f:metadata', 'f:ownerReferences'], null);
        return entry;
      });
    case 'claim': {
      const keys = owners.map(({ uid }) => [`k:{"uid":"${uid}"}`, {}]);
      const fieldsV1 = { 'f:metadata': { 'f:ownerReferences': Object.fromEntries(keys) } };
      const entry = { manager, operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1' };
      return [...all, { ...entry, time: '2026-01-01T00:00:00Z', fieldsV1 }];
    }
  }
}

/** Sets the field, or removes it if the value is null. */
function set(object: Fields, keys: readonly string[], value: unknown): void {
  const [key, ...deeper] = keys;
  if (key === undefined) return;
  if (deeper.length === 0) {
    if (value === null) delete object[key];
    else object[key] = value;
    return;
  }
  const inner = object[key];
  if (inner === undefined && value === null) return;
  if (typeof inner !== 'object' || inner === null) object[key] = {};
  set(object[key] as Fields, deeper, value);
}

type Part = { readonly keys: readonly string[]; readonly value: unknown };

const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Yields the deepest fields that differ. A list is one value, and so is a map that is missing in one of the
 * objects.
 */
function* differences(now: Fields, changed: Fields, keys: readonly string[] = []): Generator<Part> {
  for (const key of new Set([...Object.keys(now), ...Object.keys(changed)])) {
    const [before, after] = [now[key], changed[key]];
    if (isMap(before) && isMap(after)) yield* differences(before, after, [...keys, key]);
    else if (JSON.stringify(before) !== JSON.stringify(after)) {
      yield { keys: [...keys, key], value: after };
    }
  }
}

function nested(parts: readonly Part[]): Fields {
  const body: Fields = {};
  for (const { keys, value } of parts) {
    let at = body;
    for (const key of keys.slice(0, -1)) {
      const inner = (at[key] ?? {}) as Fields;
      at[key] = inner;
      at = inner;
    }
    at[keys.at(-1) ?? ''] = value === undefined ? null : value;
  }
  return body;
}

/** Lists that a strategic merge patch merges by a key. */
function asListOfChanges({ keys, value }: Part, { metadata }: KubernetesObject): Part {
  const name = keys.join('.');
  if (name === 'metadata.ownerReferences') {
    const before = (metadata.ownerReferences ?? []) as Owner[];
    const after = (value ?? []) as Owner[];
    const gone = before.filter(({ uid }) => !after.some((it) => it.uid === uid));
    const texts = new Set(before.map((it) => JSON.stringify(it)));
    return {
      keys,
      value: [
        ...after.filter((it) => !texts.has(JSON.stringify(it))),
        ...gone.map(({ uid }) => ({ $patch: 'delete', uid })),
      ],
    };
  }
  return { keys, value };
}
