/** The changes that docs/security.md excludes, as assertions about the objects of a world. */
import assert from 'node:assert/strict';
import { type Fields, type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { finalizer, recordAnnotation } from '../../handler/ownership/stage.ts';
import {
  hashAnnotation,
  prefix,
  sourcesAnnotation,
  type WorkloadKind,
  workloadKinds,
} from '../../handler/run-pass.ts';
import { kindsOfTargets, type Owner, type Target, type World } from './world.ts';

const adopted = `${prefix}/adopted`;
const putBack = `${prefix}/owner-references-put-back`;
const written = `${prefix}/written-hash`;
const onTemplate = [hashAnnotation, sourcesAnnotation];
const history = `${prefix}/rollout-history`;
const pending = `${prefix}/pending-config`;
const onWorkload = [recordAnnotation, adopted, putBack, history, pending, written];
/** Annotations that controllers and the API server write. */
const counted = ['deployment.kubernetes.io/revision', 'deprecated.daemonset.template.generation'];

export const isWorkload = (kind: string): kind is WorkloadKind =>
  workloadKinds.some((each) => each === kind);
const isOwner = (kind: string): boolean => isWorkload(kind) || kind === 'Namespace';

type Template = { metadata?: { annotations?: Record<string, string> } };
const templateOf = ({ spec }: KubernetesObject) => (spec?.['template'] ?? {}) as Template;

/**
 * Throws if a target has a change that the admission policies must prevent. `now` is undefined if the target
 * was deleted.
 */
export function assertPromises(
  target: Target,
  now: KubernetesObject | undefined,
  world: World,
): void {
  const { before, kind } = target;
  assert.ok(now, 'it is gone');
  assert.equal(now.metadata['deletionTimestamp'], undefined, 'it is being deleted');
  if (isWorkload(kind)) assertWorkload(before, now);
  else if (kind === 'ConfigMap' || kind === 'Secret') assertSource(target, now, world);
  else if (kind === 'Lease') assertLease(before, now);
  else assertEvent(before, now);
}

/**
 * The object without the metadata in `free`, without the status, and without the metadata that the API server
 * maintains.
 */
function kept(object: KubernetesObject, ...free: string[]): Fields {
  const { managedFields: _, resourceVersion: __, generation: ___, ...metadata } = object.metadata;
  const { status: ____, ...copy } = structuredClone({ ...object, metadata });
  for (const name of free) Reflect.deleteProperty(copy.metadata, name);
  return copy;
}

function assertSource(
  { before, foreign }: Target,
  now: KubernetesObject,
  { lasting, former }: World,
): void {
  assert.deepEqual(kept(now, 'ownerReferences'), kept(before, 'ownerReferences'));
  const owners = (now.metadata.ownerReferences ?? []) as Owner[];
  const text = (owner: Owner) => JSON.stringify(Object.entries(owner).sort());
  const others = new Set(foreign.map(text));
  const rest = owners.filter((owner) => !others.has(text(owner)));
  assert.equal(owners.length - rest.length, foreign.length, 'what others wrote has changed');
  const uids = owners.map(({ uid }) => uid);
  assert.equal(new Set(uids).size, uids.length, 'two owner references have the same uid');
  for (const { kind, controller, blockOwnerDeletion } of rest as Fields[]) {
    assert.ok(isOwner(String(kind)), `${kind} is an owner`);
    assert.ok(controller !== true && blockOwnerDeletion !== true, 'an owner controls or blocks');
  }
  const wasFormer = (before.metadata.ownerReferences ?? []).some(({ uid }) => uid === former.uid);
  const isSafe =
    rest.length === 0 || uids.includes(lasting.uid) || (wasFormer && uids.includes(former.uid));
  assert.ok(isSafe, 'kube-system is none of its owners');
  const claims = (object: KubernetesObject) =>
    JSON.stringify(
      ((object.metadata['managedFields'] ?? []) as Fields[]).filter(
        ({ manager }) => manager === 'somebody',
      ),
    );
  for (const { uid } of foreign) {
    const key = JSON.stringify(`k:{"uid":"${uid}"}`);
    assert.ok(!claims(before).includes(key) || claims(now).includes(key), 'others lost a claim');
  }
}

function assertWorkload(before: KubernetesObject, now: KubernetesObject): void {
  const bare = (object: KubernetesObject) => {
    const copy = kept(object) as KubernetesObject;
    const { metadata } = copy;
    const without = (all: Record<string, string> = {}, names: readonly string[]) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
    const annotations = without(metadata.annotations, [...onWorkload, ...counted]);
    const finalizers = metadata.finalizers?.filter((name) => name !== finalizer);
    const template = templateOf(copy);
    const ofTemplate = without(template.metadata?.annotations, onTemplate);
    return {
      ...copy,
      metadata: { ...metadata, annotations, finalizers },
      spec: {
        ...copy.spec,
        template: { ...template, metadata: { ...template.metadata, annotations: ofTemplate } },
      },
    };
  };
  assert.deepEqual(bare(now), bare(before));
  const annotations = now.metadata.annotations ?? {};
  const ofTemplate = templateOf(now).metadata?.annotations ?? {};
  const record = annotations[recordAnnotation];
  const has = ({ metadata }: KubernetesObject) => metadata.finalizers?.includes(finalizer) === true;
  if (has(now)) assert.match(record ?? '', /^\["(ConfigMap|Secret)\/[^*]*\]$/, 'no names');
  if (annotations[`${prefix}/update-on-config-change`] === 'true') {
    assert.match(ofTemplate[hashAnnotation] ?? 'a'.repeat(64), /^[0-9a-f]{64}$/);
    assert.match(annotations[written] ?? 'a'.repeat(64), /^[0-9a-f]{64}$/);
    for (const text of [ofTemplate[sourcesAnnotation], annotations[adopted]]) {
      assert.ok((text?.length ?? 0) <= 66_560, 'an annotation is large');
    }
    assert.ok((record?.length ?? 0) <= 65_536, 'the record is large');
    assertLine(annotations[history], 32_768);
    assertLine(annotations[pending], 256);
    return;
  }
  assert.ok(!has(now) || has(before), 'it holds a workload up that did not opt in');
  const same = (name: string, now?: string, before?: string) =>
    assert.ok(now === undefined || now === before, `${name} was written without an opt-in`);
  const old = templateOf(before).metadata?.annotations ?? {};
  for (const name of onTemplate) same(name, ofTemplate[name], old[name]);
  for (const name of [adopted, history, pending, written]) {
    same(name, annotations[name], before.metadata.annotations?.[name]);
  }
  if (!has(before)) same(recordAnnotation, record, undefined);
}

/** Throws unless the text is one line of JSON in ASCII, with at most this number of bytes. */
function assertLine(text: string | undefined, bytes: number): void {
  if (text === undefined) return;
  assert.match(text, /^[ -~]+$/);
  assert.ok(text.length <= bytes, `${text.length} bytes`);
  assert.equal(typeof JSON.parse(text), 'object');
}

function assertLease(before: KubernetesObject, now: KubernetesObject): void {
  if (before.metadata.name !== 'wave-cron') {
    assert.deepEqual(kept(now), kept(before));
    return;
  }
  const without = (object: KubernetesObject) => ({ ...kept(object, 'annotations'), spec: {} });
  assert.deepEqual(without(now), without(before));
  const { 'wave.pusher.com/lease-of': of, ...more } = now.metadata.annotations ?? {};
  assert.equal(of, 'wave-cron');
  for (const [name, value] of Object.entries(more)) {
    assert.match(name, /^wave\.pusher\.com\/(renewed-by|cursor)$/);
    assert.ok(value.length <= 512, `${name} is large`);
  }
  const { holderIdentity = '', leaseDurationSeconds } = now.spec ?? {};
  assert.ok(String(holderIdentity).length <= 512, 'the holder is large');
  assert.ok(Number(leaseDurationSeconds) >= 1 && Number(leaseDurationSeconds) <= 3600);
}

function assertEvent(before: KubernetesObject, now: KubernetesObject): void {
  const isOwn = before['reportingController'] === 'wave-cron';
  const without = ({ series, ...object }: KubernetesObject) =>
    kept({ ...object, ...(isOwn ? {} : { series }) } as KubernetesObject);
  assert.deepEqual(without(now), without(before));
}

const ownOnLease = /^wave\.pusher\.com\/(lease-of|renewed-by|cursor)$/;
const bareMetadata = ['creationTimestamp', 'managedFields', 'name', 'namespace'];

/** Throws if there is a new object that the account must not be able to create. */
export async function assertNothingMade(world: World): Promise<void> {
  const { api } = testCluster();
  const { namespace } = world.account;
  for (const kind of kindsOfTargets) {
    for (const object of await api.list(path(kind, namespace))) {
      const { name } = object.metadata;
      if (world.there.has(path(kind, namespace, name))) continue;
      if (kind === 'Secret' && name === 'wave-cron-hash-key') {
        const { key = '', ...more } = object.data ?? {};
        assert.deepEqual([Buffer.from(key, 'base64').length, more], [32, {}]);
        assert.equal(object['type'], 'Opaque');
      } else if (kind === 'Event') {
        if (object['reportingController'] !== 'wave-cron') continue;
        assert.match(String(object['note']), /^[ -~]{1,1024}$/);
      } else if (kind === 'Lease' && name === 'wave-cron-0') {
        assert.ok(JSON.stringify(object.spec).length < 2000, 'a Lease is large');
      } else assert.fail(`${kind} ${name} was made`);
      const { uid: _, resourceVersion: __, annotations = {}, ...metadata } = object.metadata;
      const isOwn = (key: string) => kind === 'Lease' && ownOnLease.test(key);
      assert.ok(Object.keys(annotations).every(isOwn), `${kind} ${name} has annotations`);
      assert.deepEqual(Object.keys(metadata).sort(), bareMetadata);
    }
  }
}
