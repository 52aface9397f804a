import assert from 'node:assert/strict';
import { describe, it, suite, test } from 'node:test';
import fc from 'fast-check';
import type { WorkloadKind } from '../../../../lib/kubernetes/kinds.ts';
import type { WorkloadObject } from '../../../../lib/kubernetes/objects.ts';
import type {
  PodGroup,
  PodsReading,
  ReplicaSetFacts,
} from '../../../../lib/rules/adoption/pods.ts';
import { currencyOf } from '../../../../lib/rules/adoption/pods-current.ts';
import { templateDigest } from '../../../../lib/rules/adoption/rollout.ts';
import { annotationKeysOf } from '../../../../lib/rules/annotations.ts';
import { withoutKey } from '../../../../lib/rules/hash/hash-keys.ts';
import { sourceRecordOf, writtenRecord } from '../../../../lib/rules/hash/source-record.ts';
import { readSource, type SourceReading } from '../../../../lib/rules/reading.ts';
import { readWorkload, type Workload } from '../../../../lib/rules/workload.ts';
import { seen } from '../decided.ts';

const annotationKeys = annotationKeysOf('wave.pusher.com');

/** A time in whole seconds, as the API writes it. */
const time = (second: number): string => `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;

const envFrom = [{ configMapRef: { name: 'c', optional: true } }];
const podTemplate = { spec: { containers: [{ envFrom }] } };
/** A pod template that uses only one key of the source. */
const podTemplateWithKey = (key: string) => {
  const configMapKeyRef = { name: 'c', key, optional: true };
  return { spec: { containers: [{ env: [{ name: 'A', valueFrom: { configMapKeyRef } }] }] } };
};

function workload(kind: WorkloadKind, more: WorkloadObject = {}, tolerance = 10): Workload {
  const metadata = {
    ...{ namespace: 'shop', name: 'web', uid: 'u', generation: 2 },
    annotations: {
      [annotationKeys.updateOnConfigChange]: 'true',
      'deprecated.daemonset.template.generation': '2',
    },
    managedFields: [{ time: time(0), fieldsV1: { 'f:spec': { 'f:template': {} } } }],
  };
  const status = {
    ...{ observedGeneration: 2, currentRevision: 'new', updateRevision: 'new' },
    ...{ desiredNumberScheduled: 1, updatedNumberScheduled: 1, currentNumberScheduled: 1 },
  };
  const object = {
    metadata: { ...metadata, ...more.metadata },
    spec: { template: podTemplate, selector: { matchLabels: { a: 'b' } }, ...more.spec },
    status: { ...status, ...more.status },
  };
  const read = readWorkload(kind, object, {
    ...{ annotations: annotationKeys, crossNamespaceReferences: [], adoption: 'stamp' },
    ...{ restart: 'if-stale', clockToleranceMs: tolerance * 1000 },
  });
  assert.ok(read);
  return read;
}

type Data = Record<string, string>;

function source(data: Data, writtenAt: number, more: object = {}): SourceReading {
  const owned = Object.fromEntries(Object.keys(data).map((key) => [`f:${key}`, {}]));
  const managedFields = [{ time: time(writtenAt), fieldsV1: { 'f:data': owned } }];
  const metadata = { creationTimestamp: time(0), managedFields };
  return readSource('ConfigMap', { metadata, data, ...more }, 'all');
}
const absent: SourceReading = { state: 'absent' };

const owner = { kind: 'Deployment', name: 'web', uid: 'u' };
const set = (uid: string, more: Partial<ReplicaSetFacts> = {}): ReplicaSetFacts => ({
  ...{ uid, controller: owner, template: templateDigest(podTemplate), wantsPods: true },
  ...more,
});
const group = (
  of: string | undefined,
  createdAt?: number,
  more: Partial<PodGroup> = {},
): PodGroup => ({
  controller: of === undefined ? undefined : { kind: 'ReplicaSet', name: 'web-1', uid: of },
  ...{ revision: 'new', generation: '2' },
  oldest: createdAt === undefined ? undefined : { name: 'p', createdAt: time(createdAt) },
  ...more,
});
const ofWorkload = (createdAt: number, more: Partial<PodGroup> = {}): PodGroup =>
  group('u', createdAt, { controller: { ...owner, kind: 'StatefulSet' }, ...more });
const setWithKey = (key: string) =>
  set('new', { template: templateDigest(podTemplateWithKey(key)) });
const oldSet = set('old', { template: 'another', wantsPods: false });

type Case = {
  kind?: WorkloadKind;
  object?: WorkloadObject;
  groups?: readonly PodGroup[];
  sets?: readonly ReplicaSetFacts[];
  /** The recorded reading of the source; undefined: nothing is recorded. */
  before?: SourceReading | undefined;
  withoutKeys?: boolean;
  /** Which of the two records has no room for all sources. */
  leftOut?: 'before' | 'now';
  now?: SourceReading;
  /** The only key that the containers use; undefined: they use all keys. */
  usedKey?: string;
  readAt?: number;
  tolerance?: number;
};

function judge({
  kind = 'Deployment',
  object = {},
  groups = [group('new', 111)],
  usedKey,
  sets = [usedKey === undefined ? set('new') : setWithKey(usedKey), oldSet],
  withoutKeys = false,
  leftOut,
  now = source({ a: '2' }, 100),
  readAt = 120,
  tolerance = 10,
  ...rest
}: Case): string {
  const template = usedKey === undefined ? podTemplate : podTemplateWithKey(usedKey);
  const it = workload(kind, { ...object, spec: { template, ...object.spec } }, tolerance);
  const of = (reading: SourceReading) =>
    seen(it, new Map([['ConfigMap/shop/c', reading]]), withoutKey);
  const before = 'before' in rest ? rest.before : source({ a: '1' }, 1);
  const { readings, hashes } = of(now);
  const recorded = before === undefined ? undefined : of(before);
  const kept = recorded?.readings.get('ConfigMap/shop/c');
  const keys = new Map(
    kept?.state === 'present' && kept.keys !== undefined && !withoutKeys
      ? [['ConfigMap/c', { names: kept.keys, immutable: kept.immutable }]]
      : [],
  );
  const leavesOut = (which: typeof leftOut): { leftOut?: true } =>
    leftOut === which ? { leftOut: true } : {};
  const record = recorded && {
    ...sourceRecordOf(writtenRecord({ ...recorded.hashes.now, keys })),
    ...leavesOut('before'),
  };
  const references = it.configuration.kind === 'references' ? it.configuration.references : [];
  const pods: PodsReading = { state: 'read', readAt: readAt * 1000, groups, replicaSets: sets };
  const currency = currencyOf(
    it,
    { references, readings, before: record, now: { ...hashes.now, ...leavesOut('now') } },
    pods,
  );
  return currency.state === 'doubtful' ? `doubtful: ${currency.why}` : currency.state;
}

const unobserved = { status: { observedGeneration: 1 } };
const rolling = [set('new'), set('old', { template: 'another' })];
const cases: readonly (readonly [string, Case, RegExp])[] = [
  ['a Pod is younger by more than the tolerance', {}, /^current$/],
  [
    'a Pod is younger by just the tolerance',
    { groups: [group('new', 110)] },
    /not more than 10 s after/,
  ],
  [
    'a Pod is of the same second, without a tolerance',
    { groups: [group('new', 100)], tolerance: 0 },
    /not after the last write/,
  ],
  [
    'a Pod is of the next second, without a tolerance',
    { groups: [group('new', 101)], tolerance: 0 },
    /^current$/,
  ],
  [
    'a Pod has no time',
    { groups: [group('new', 111, { oldest: { name: 'p', createdAt: '' } })] },
    /an unknown time/,
  ],
  ['no Pod has a node yet', { groups: [group('new')] }, /^current$/],
  ['there are no Pods', { groups: [] }, /^current$/],
  [
    'there are no Pods, and no ReplicaSet yet',
    { groups: [], sets: [], object: unobserved },
    /^current$/,
  ],
  [
    'an older Pod has no controller',
    { groups: [group('new', 111), group(undefined, 5)] },
    /Pod p was created/,
  ],
  [
    'an older Pod is of a ReplicaSet that is gone',
    { groups: [group('gone', 5)] },
    /Pod p was created/,
  ],
  [
    'an older Pod is of a ReplicaSet that was left behind',
    { groups: [group('new', 5)], sets: [set('new', { controller: undefined })] },
    /Pod p was created/,
  ],
  [
    'an older Pod is of another Deployment',
    {
      groups: [group('new', 111), group('other', 5)],
      sets: [set('new'), set('other', { controller: { ...owner, name: 'b', uid: 'b' } })],
    },
    /^current$/,
  ],
  [
    'an older Pod belongs to an earlier Deployment of the same name',
    { groups: [group('new', 5)], sets: [set('new', { controller: { ...owner, uid: 'before' } })] },
    /Pod p was created/,
  ],
  [
    'an older Pod is of a Job',
    {
      groups: [
        group('new', 111),
        group('j', 5, { controller: { kind: 'Job', name: 'j', uid: 'j' } }),
      ],
    },
    /^current$/,
  ],
  [
    'a Pod of the template before is left',
    { groups: [group('new', 111), group('old', 5)] },
    /^settling$/,
  ],
  ['a Pod of the template before is to be made again', { sets: rolling }, /^settling$/],
  [
    'in a rollout a new Pod is older',
    { groups: [group('new', 99), group('old', 5)] },
    /Pod p was created/,
  ],
  [
    'the status of a Deployment names no revisions, which is always so',
    { object: { status: { currentRevision: null, updateRevision: null } } },
    /^current$/,
  ],
  [
    'the earlier record has no room for all sources',
    { leftOut: 'before' },
    /no record says which sources/,
  ],
  ['the current record has no room for all sources', { leftOut: 'now' }, /no record says/],
  [
    'a rollout is past its deadline',
    {
      sets: rolling,
      object: {
        status: { conditions: [{ type: 'Progressing', reason: 'ProgressDeadlineExceeded' }] },
      },
    },
    /exceeded its progress deadline/,
  ],
  ['a rollout is paused', { sets: rolling, object: { spec: { paused: true } } }, /it is paused/],
  [
    'no ReplicaSet has the template',
    { groups: [], sets: [set('old', { template: 'another' })] },
    /no ReplicaSet has its pod template/,
  ],
  [
    'its controller has not seen the template',
    { groups: [], sets: [set('old', { template: 'another' })], object: unobserved },
    /^settling$/,
  ],
  [
    'its controller does not see the template for long',
    { groups: [], sets: [set('old', { template: 'another' })], object: unobserved, readAt: 601 },
    /not finished within 10 minutes/,
  ],
  [
    'a StatefulSet is done',
    { kind: 'StatefulSet', groups: [ofWorkload(111)], sets: [] },
    /^current$/,
  ],
  [
    'a StatefulSet has a Pod of an earlier revision',
    {
      kind: 'StatefulSet',
      groups: [ofWorkload(111), ofWorkload(5, { revision: 'old' })],
      sets: [],
      object: { status: { currentRevision: 'old' } },
    },
    /^settling$/,
  ],
  [
    'a StatefulSet has been rolling for long',
    {
      kind: 'StatefulSet',
      groups: [ofWorkload(111), ofWorkload(5, { revision: 'old' })],
      sets: [],
      readAt: 601,
    },
    /not finished within 10 minutes/,
  ],
  [
    'a StatefulSet has a partition',
    {
      kind: 'StatefulSet',
      groups: [ofWorkload(111), ofWorkload(5, { revision: 'old' })],
      sets: [],
      object: { spec: { updateStrategy: { rollingUpdate: { partition: 1 } } } },
    },
    /its partition keeps/,
  ],
  [
    'a StatefulSet is OnDelete, and all its Pods are new',
    {
      kind: 'StatefulSet',
      groups: [ofWorkload(111)],
      sets: [],
      object: {
        spec: { updateStrategy: { type: 'OnDelete' } },
        status: { currentRevision: 'old' },
      },
    },
    /^current$/,
  ],
  [
    'a StatefulSet is OnDelete, with a Pod of before',
    {
      kind: 'StatefulSet',
      groups: [ofWorkload(5, { revision: 'old' })],
      sets: [],
      object: { spec: { updateStrategy: { type: 'OnDelete' } } },
    },
    /OnDelete/,
  ],
  [
    'a DaemonSet was undone to a template that has Pods',
    { kind: 'DaemonSet', groups: [ofWorkload(111, { generation: '1' })], sets: [] },
    /^current$/,
  ],
  [
    'a DaemonSet has Pods of two revisions',
    {
      kind: 'DaemonSet',
      groups: [ofWorkload(111), ofWorkload(5, { generation: '1', revision: 'old' })],
      sets: [],
      object: { status: { updatedNumberScheduled: 0 } },
    },
    /^settling$/,
  ],
  [
    'a DaemonSet whose status says that it is done has Pods of two revisions',
    {
      kind: 'DaemonSet',
      groups: [ofWorkload(111), ofWorkload(5, { generation: '1', revision: 'old' })],
      sets: [],
    },
    /^settling$/,
  ],
  ['a key is lost', { before: source({ a: '1', b: '1' }, 1) }, /lost a key/],
  [
    'a key is gone, and no Pod has read it',
    { before: source({ a: '1', b: '1' }, 1), groups: [group('new')] },
    /^current$/,
  ],
  ['a key is new', { before: source({}, 1) }, /^current$/],
  ['the record does not name keys', { withoutKeys: true }, /does not name the keys/],
  ['nothing is recorded of it, since it is seen first', { before: undefined }, /^current$/],
  ['an optional source is there now', { before: absent }, /^current$/],
  ['an optional source is gone', { now: absent }, /does not exist, and it is unknown since when/],
  [
    'an optional source is not there at first sight',
    { before: undefined, now: absent },
    /does not exist/,
  ],
  ['an optional source is still not there', { before: absent, now: absent }, /^current$/],
  [
    'a source is immutable and another',
    { now: source({ a: '2' }, 100, { immutable: true }) },
    /immutable and was created again/,
  ],
  [
    'a source was immutable and is another',
    { before: source({ a: '1' }, 1, { immutable: true }) },
    /immutable and was created again/,
  ],
  [
    'a source has no managedFields',
    { now: readSource('ConfigMap', { data: { a: '2' } }, 'all') },
    /it is unknown when/,
  ],
  [
    'a source has a key without a manager',
    { now: source({ a: '2' }, 100, { data: { a: '2', b: '1' } }) },
    /it is unknown when/,
  ],
  [
    'a source could not be read',
    { now: { state: 'unreadable', why: '403' } },
    /^doubtful: ConfigMap\/c could not be read$/,
  ],
  [
    'a source asks to be ignored, whenever it was written',
    { now: { ...source({ a: '2' }, 500), ignored: true } as SourceReading },
    /^current$/,
  ],
  [
    'the key that it uses is absent at first sight, so it may have been removed just now',
    { usedKey: 'b', before: undefined },
    /ConfigMap\/c has no key b, and it is unknown since when$/,
  ],
  [
    'the key that it uses is there at first sight',
    { usedKey: 'a', before: undefined },
    /^current$/,
  ],
  [
    'only a key is lost that it does not use',
    { usedKey: 'a', before: source({ a: '1', b: '1' }, 1) },
    /^current$/,
  ],
  [
    'the key that it uses is lost',
    { usedKey: 'b', before: source({ a: '1', b: '1' }, 1) },
    /lost a key$/,
  ],
  [
    'an older Pod is of a StatefulSet with its name, which was deleted and created again',
    {
      kind: 'StatefulSet',
      groups: [ofWorkload(5, { controller: { kind: 'StatefulSet', name: 'web', uid: 'before' } })],
      sets: [],
    },
    /Pod p was created/,
  ],
  [
    'an older Pod is of another StatefulSet',
    {
      kind: 'StatefulSet',
      groups: [
        ofWorkload(111),
        ofWorkload(5, { controller: { kind: 'StatefulSet', name: 'b', uid: 'b' } }),
      ],
      sets: [],
    },
    /^current$/,
  ],
  [
    'a StatefulSet is rolling, and it is unknown since when',
    {
      kind: 'StatefulSet',
      groups: [ofWorkload(111), ofWorkload(5, { revision: 'old' })],
      sets: [],
      object: { metadata: { managedFields: [] } },
    },
    /it is unknown when its rollout started$/,
  ],
];

describe('the Pods of a workload', () => {
  for (const [what, given, expected] of cases) {
    it(`are judged if ${what}`, () => assert.match(judge(given), expected));
  }

  it('may be outdated if they could not be read', () => {
    const it = workload('Deployment');
    const sources = {
      references: [],
      readings: new Map(),
      before: undefined,
      now: sourceRecordOf({}),
    };
    const reading = { state: 'unreadable', why: 'pods is forbidden' } as const;
    assert.deepEqual(currencyOf(it, sources, reading), {
      ...{ state: 'doubtful', why: 'its Pods could not be read: pods is forbidden' },
    });
  });

  it('may be outdated if the rollout is unknown', () => {
    const { rollout: _, ...it } = workload('Deployment');
    const sources = {
      ...{ references: [], readings: new Map(), before: undefined, now: sourceRecordOf({}) },
    };
    const reading: PodsReading = { state: 'read', readAt: 0, groups: [], replicaSets: [] };
    assert.deepEqual(currencyOf(it, sources, reading), {
      ...{ state: 'doubtful', why: 'its rollout is unknown' },
    });
  });

  it('are never current if one of them may have started before the last write, with any clocks within the tolerance', () => {
    // Moments are true times in milliseconds. The clock of each API server may differ from them by half of the
    // tolerance.
    const moment = fc.integer({ min: 1_000_000, max: 1_060_000 });
    const off = fc.integer({ min: -5_000, max: 5_000 });
    const stamp = (at: number, by: number) => Math.floor((at + by) / 1000);
    fc.assert(
      fc.property(
        moment,
        off,
        fc.array(fc.tuple(moment, off), { maxLength: 5 }),
        (write, by, pods) => {
          const groups = pods.map(([at, skew]) => group('new', stamp(at, skew)));
          const verdict = judge({ groups, now: source({ a: '2' }, stamp(write, by)) });
          if (verdict === 'current') for (const [created] of pods) assert.ok(created > write);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

suite('the Pods of a workload of another API', () => {
  const kind = 'Rollout.v1alpha1.argoproj.io' as const;
  const controller = { kind, name: 'web', uid: 'u' };
  // The API server sets defaults in the template of a ReplicaSet, but not in that of a Rollout.
  const setOf = (podHash: string | undefined, more: Partial<ReplicaSetFacts> = {}) =>
    set(podHash ?? '', { controller, template: 'with defaults', podHash, ...more });
  const old = setOf('old', { wantsPods: false });
  const object = { status: { currentPodHash: 'new' } };

  test('belong to the newest ReplicaSet if the label says so', () => {
    assert.equal(judge({ kind, object, sets: [setOf('new'), old] }), 'current');
    const another = judge({ kind, object, sets: [setOf('other'), old] });
    assert.match(another, /doubtful/);
    const wanted = [setOf('new'), setOf('old')];
    assert.match(judge({ kind, object, sets: wanted }), /settling/);
  });

  test('belong to no ReplicaSet that counts as the newest while the controller has not seen the workload', () => {
    const unseen = { status: { ...object.status, observedGeneration: '1' } };
    assert.match(
      judge({ kind, object: unseen, sets: [setOf(undefined), old] }),
      /settling|doubtful/,
    );
    assert.match(judge({ kind, sets: [setOf('new'), old] }), /no ReplicaSet has its pod template/);
  });

  test('that wait for a promotion may be outdated', () => {
    const strategy = { canary: { steps: [{ pause: {} }] } };
    const waiting = { spec: { strategy }, ...object };
    assert.equal(
      judge({ kind, object: waiting, sets: [setOf('new'), setOf('old')] }),
      'doubtful: its strategy waits until somebody promotes it',
    );
  });

  test('are not judged if it is unknown which of them have the current template', () => {
    assert.match(judge({ kind: 'Widget.v1.example.com' }), /which Pods of a Widget.* is unknown/);
  });

  test('belong to a workload of the same kind in any version, and of no other group', () => {
    const sets: ReplicaSetFacts[] = [];
    const statefulSet = 'StatefulSet.v1beta1.apps.kruise.io' as const;
    const gone = (its: string) =>
      judge({
        ...{ kind: statefulSet, sets },
        groups: [ofWorkload(50, { controller: { kind: its, name: 'web', uid: 'gone' } })],
      });
    assert.match(gone('StatefulSet.v1alpha1.apps.kruise.io'), /doubtful: Pod p/);
    assert.equal(gone('StatefulSet'), 'current');
  });
});
