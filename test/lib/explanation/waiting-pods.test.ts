import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { waitingPods } from '../../../lib/explanation/waiting-pods.ts';
import type { PodObject } from '../../../lib/kubernetes/objects.ts';

const db = { kind: 'StatefulSet', namespace: 'shop', name: 'db' } as const;
const owner = { kind: 'StatefulSet', name: 'db', uid: 'u', controller: true };

type Given = {
  name?: string;
  revision?: string;
  ready?: boolean;
  waiting?: string;
  deletedAt?: string;
  owner?: object;
};

const pod = ({
  name = 'db-1',
  revision = 'new',
  ready = false,
  waiting,
  deletedAt,
  ...more
}: Given): PodObject => ({
  metadata: {
    ...{ name, labels: { 'controller-revision-hash': revision } },
    ownerReferences: [more.owner ?? owner],
    deletionTimestamp: deletedAt ?? null,
  },
  status: {
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    containerStatuses: [{ state: waiting === undefined ? {} : { waiting: { reason: waiting } } }],
  },
});

const waits = (given: Given, podManagementPolicy = 'OrderedReady') =>
  waitingPods(
    db,
    { metadata: { uid: 'u' }, spec: { podManagementPolicy }, status: { updateRevision: 'new' } },
    [pod(given)],
  );

suite('a StatefulSet waits', () => {
  const cases: readonly (readonly [string, Given, RegExp])[] = [
    [
      'for a Pod that is being deleted',
      { deletedAt: '2026-11-30T10:00:00Z' },
      /^Pod db-1 has been terminating since 2026-11-30T10:00:00Z,/,
    ],
    ['for a new Pod that is not Ready', {}, /^its rollout waits for Pod db-1 to become Ready$/],
    [
      'for a Pod whose container does not start, and says why',
      { waiting: 'CrashLoopBackOff' },
      /Ready \("CrashLoopBackOff"\)$/,
    ],
    [
      'for a broken Pod of an earlier template, which must be deleted',
      { revision: 'old' },
      /67250.*: run kubectl -n shop delete pod db-1$/,
    ],
  ];
  for (const [what, given, expected] of cases) {
    test(what, () => {
      const [sentence, ...more] = waits(given);
      assert.match(sentence ?? '', expected);
      assert.deepEqual(more, []);
    });
  }

  const free: readonly (readonly [string, Given, string?])[] = [
    ['for a Pod that is Ready', { ready: true }],
    ['for a Pod of another owner', { owner: { ...owner, uid: 'v' } }],
    ['for a Pod that it owns and does not control', { owner: { ...owner, controller: false } }],
    [
      'for a broken Pod of an earlier template, if it replaces them in parallel',
      { revision: 'old' },
      'Parallel',
    ],
  ];
  for (const [what, given, policy] of free) {
    test(`not ${what}`, () => assert.deepEqual(waits(given, policy), []));
  }

  test('for a Pod without a status', () => {
    const bare = { metadata: { ownerReferences: [owner] } };
    const object = { metadata: { uid: 'u' }, status: { updateRevision: 'new' } };
    assert.equal(waitingPods(db, object, [bare]).length, 1);
    assert.deepEqual(waitingPods(db, object, [{}]), []);
  });
});
