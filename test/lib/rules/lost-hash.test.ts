import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ObjectMeta, WorkloadObject } from '../../../lib/kubernetes/objects.ts';
import type { PodsReading } from '../../../lib/rules/adoption/pods.ts';
import { templateDigest } from '../../../lib/rules/adoption/rollout.ts';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import { withoutKey } from '../../../lib/rules/hash/hash-keys.ts';
import { lostHashOf } from '../../../lib/rules/lost-hash.ts';
import { workloadPatch } from '../../../lib/rules/patch.ts';
import { readSource } from '../../../lib/rules/reading.ts';
import { afterWrites } from '../../../lib/rules/reverted.ts';
import { readWorkload, type Workload } from '../../../lib/rules/workload.ts';
import type { AdoptionMode } from '../../../lib/settings/schema.ts';
import { decide } from './decided.ts';

const keys = annotationKeysOf('wave.pusher.com');
const written = 'wave.pusher.com/written-hash';
/** The time at which the hash was written. */
const at = '2026-11-30T10:00:00Z';

const source = readSource(
  'ConfigMap',
  {
    metadata: {
      creationTimestamp: '2026-11-30T08:00:00Z',
      managedFields: [
        { manager: 'a', time: '2026-11-30T09:00:00Z', fieldsV1: { 'f:data': { 'f:a': {} } } },
      ],
    },
    data: { a: '1' },
  },
  'all',
  keys.ignore,
);
const readings = new Map([['ConfigMap/shop/settings', source]]);

type Given = {
  adoption?: AdoptionMode;
  metadata?: ObjectMeta;
  replicas?: number;
  hash?: string;
};

const template = {
  spec: { containers: [{ envFrom: [{ configMapRef: { name: 'settings' } }] }] },
};

/** A workload whose spec has changed since its creation. The managed fields have the time of its record of a hash. */
function workload({ adoption = 'baseline', metadata, replicas = 2, hash }: Given = {}): Workload {
  const object: WorkloadObject = {
    metadata: {
      ...{
        namespace: 'shop',
        name: 'web',
        generation: 4,
        creationTimestamp: '2026-11-30T08:00:00Z',
      },
      managedFields: [
        {
          manager: 'wave-cron',
          time: at,
          fieldsV1: { 'f:metadata': { 'f:annotations': { [`f:${written}`]: {} } } },
        },
      ],
      ...metadata,
      annotations: { [keys.updateOnConfigChange]: 'true', ...metadata?.annotations },
    },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        ...(hash === undefined ? {} : { metadata: { annotations: { [keys.configHash]: hash } } }),
        ...template,
      },
    },
    status: { observedGeneration: 4, replicas, updatedReplicas: replicas },
  };
  const rules = { annotations: keys, crossNamespaceReferences: [], adoption };
  return readWorkload('Deployment', object, rules) as Workload;
}

/** The hash of the current configuration. */
const current =
  decide(workload({ adoption: 'stamp' }), readings, withoutKey).hashAnnotations?.hash ?? '';
const recorded = (value = current, more: ObjectMeta = {}): ObjectMeta => ({
  ...more,
  annotations: { [written]: value },
});
const created = (...times: string[]): PodsReading => ({
  state: 'read',
  readAt: Date.parse('2026-11-30T11:30:00Z'),
  groups: times.map((createdAt, i) => ({
    controller: { kind: 'ReplicaSet', name: 'web-1', uid: 'r' },
    revision: undefined,
    generation: undefined,
    oldest: { name: `web-${i}`, createdAt },
  })),
  replicaSets: [
    {
      uid: 'r',
      controller: { kind: 'Deployment', name: 'web', uid: '' },
      template: templateDigest(template),
      wantsPods: true,
    },
  ],
});
const young = '2026-11-30T10:00:11Z';

test('the time of the hash is the latest one of wave-cron, in any order', () => {
  const entry = (time: string, manager = 'wave-cron') => ({
    manager,
    time,
    fieldsV1: { 'f:metadata': { 'f:annotations': { [`f:${written}`]: {} } } },
  });
  const [early, late] = ['2026-11-30T10:00:00Z', '2026-11-30T11:00:00Z'];
  const managedFields = [entry(early), entry(late), entry('2026-11-30T12:00:00Z', 'kubectl')];
  for (const ordered of [managedFields, managedFields.toReversed()]) {
    const metadata = { annotations: { [written]: current }, managedFields: ordered };
    assert.deepEqual(lostHashOf(metadata, keys), { hash: current, at: late });
  }
});

suite('Pods of a workload whose hash was removed', () => {
  const decided = (given: Given, pods?: PodsReading) =>
    decide(workload(given), readings, withoutKey, pods);

  for (const adoption of ['baseline', 'if-changed'] as const) {
    const of = (metadata: ObjectMeta, pods?: PodsReading) => decided({ adoption, metadata }, pods);

    test(`are current with ${adoption} if each was certainly created after the hash was written`, () => {
      for (const pods of [created(young), created(young, '2026-11-30T11:00:00Z'), created()]) {
        const { reason, adopt } = of(recorded(), pods);
        assert.equal(reason, 'Adopted');
        assert.deepEqual([adopt?.template, adopt?.config], ['', current]);
      }
    });

    test(`may be old with ${adoption} if that is uncertain, and the hash is written again`, () => {
      const doubts: readonly [string, ObjectMeta, PodsReading | undefined][] = [
        ['created at 2026-11-30T09:30:00Z', recorded(), created(young, '2026-11-30T09:30:00Z')],
        ['not later by more than 10 s', recorded(), created('2026-11-30T10:00:10Z')],
        ['created at an unknown time', recorded(), created('')],
        ['created at soon', recorded(), created('soon')],
        ['could not be read: 403', recorded(), { state: 'unreadable', why: '403' }],
        ['another configuration', recorded('0'.repeat(64)), created(young)],
        ['another configuration', recorded('no hash'), created(young)],
        ['another configuration', recorded(''), created(young)],
        ['at an unknown time', recorded(current, { managedFields: [] }), created(young)],
        ['at an unknown time', recorded(current, { managedFields: null }), created(young)],
      ];
      for (const [doubt, metadata, pods] of doubts) {
        const { reason, sentence, hashAnnotations } = of(metadata, pods);
        assert.deepEqual([reason, hashAnnotations?.hash], ['FirstSeen', current], doubt);
        assert.ok(sentence.includes(doubt), sentence);
      }
    });

    test(`cannot be old with ${adoption} if none runs`, () => {
      const { reason, sentence } = decided({
        adoption,
        metadata: recorded('0'.repeat(64)),
        replicas: 0,
      });
      assert.equal(reason, 'Adopted');
      assert.match(sentence, /: none of its Pods runs$/);
    });
  }

  test('count as current with baseline if no hash was ever written', () => {
    assert.equal(decided({}).reason, 'Adopted');
  });

  test('are described in the sentence of Reverted, as far as they are known', () => {
    const of = (given: Given, pods?: PodsReading) => {
      const it = workload(given);
      return afterWrites(it, decide(it, readings, withoutKey, pods), 2).sentence;
    };
    const old = created('2026-11-30T09:30:00Z');
    const metadata = recorded();
    assert.match(
      of({ adoption: 'stamp', metadata }),
      /and its Pods may run with an older configuration; configure that tool to keep .*, or set adoption to if-changed$/,
    );
    assert.match(of({ adoption: 'stamp' }), /and its Pods may run with an older configuration; /);
    assert.match(
      of({ adoption: 'stamp', metadata }, old),
      /older configuration \(.*Pod web-0 was created at 2026-11-30T09:30:00Z/,
    );
    assert.match(
      of({ adoption: 'stamp', metadata }, created(young)),
      /and its Pods run with the current configuration; /,
    );
    assert.match(of({ adoption: 'stamp', metadata, replicas: 0 }), /and none of its Pods runs; /);
    assert.match(of({ metadata }, old), /keep annotations that it does not manage$/);
  });
});

suite('the record of the hash that was written', () => {
  const patched = (of: Workload, pods?: PodsReading) => {
    const patch = workloadPatch(of, decide(of, readings, withoutKey, pods), undefined, keys);
    return (patch as WorkloadObject | undefined)?.metadata?.annotations;
  };

  test('is in the patch that writes the hash', () => {
    assert.deepEqual(patched(workload({ adoption: 'stamp' })), { [written]: current });
    const other = workload({
      adoption: 'stamp',
      hash: 'f'.repeat(64),
      metadata: recorded('f'.repeat(64)),
    });
    assert.deepEqual(patched(other), { [written]: current });
  });

  test('is removed by an adoption, and stays while nothing is written', () => {
    const record = patched(workload({ metadata: recorded() }), created(young)) as object;
    assert.deepEqual(
      Object.entries(record).filter(([name]) => name === written),
      [[written, null]],
    );
    assert.equal(patched(workload({ hash: current, metadata: recorded() })), undefined);
  });

  test('is removed together with the hash', () => {
    const decision = { reason: 'OptedOut', hashAnnotations: null } as const;
    const of = workload({ hash: current, metadata: recorded() });
    const patch = workloadPatch(of, decision, undefined, keys) as WorkloadObject;
    assert.deepEqual(patch.metadata?.annotations, { [written]: null });
  });
});
