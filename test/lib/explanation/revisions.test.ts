import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { currentRevision, revisionsOf } from '../../../lib/explanation/revisions.ts';
import type { RevisionObject } from '../../../lib/kubernetes/objects.ts';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';

const keys = annotationKeysOf('wave.pusher.com');

const controllerRevision = (
  revision: number,
  createdAt: string,
  hash: string,
  sources = '{"ConfigMap/a":"1"}',
): RevisionObject => ({
  metadata: { name: `db-${hash}`, creationTimestamp: createdAt },
  revision,
  data: {
    spec: {
      template: {
        metadata: { annotations: { [keys.configHash]: hash, [keys.configSources]: sources } },
      },
    },
  },
});

const workload = (hash: string, status: object, generation = 2) => ({
  metadata: { generation },
  spec: { template: { metadata: { annotations: { [keys.configHash]: hash } } } },
  status: { observedGeneration: 2, ...status },
});

describe('the revisions of a workload', () => {
  it('show by their age that a workload returned to an earlier ControllerRevision', () => {
    const [newest, older] = revisionsOf(
      'StatefulSet',
      [
        controllerRevision(3, '2026-01-01T00:00:00Z', 'one'),
        controllerRevision(2, '2026-01-02T00:00:00Z', 'two', '{"ConfigMap/a":"2"}'),
      ],
      keys,
      undefined,
    );
    assert.deepEqual([newest?.revision, newest?.rolledBack], [3, true]);
    assert.equal(newest?.what, 'ConfigMap/a changed');
    assert.deepEqual([older?.revision, older?.rolledBack], [2, false]);
    assert.equal(older?.what, 'the oldest that is kept');
  });

  it('are sorted by their revision numbers, not by names or by the digits of the numbers', () => {
    const found = revisionsOf(
      'StatefulSet',
      [10, 9, 11].map((n) => controllerRevision(n, `2026-01-${n + 10}T00:00:00Z`, `h${n}`)),
      keys,
      'db-h11',
    );
    assert.deepEqual(
      found.map(({ revision, current }) => [revision, current]),
      [
        [11, true],
        [10, false],
        [9, false],
      ],
    );
  });

  it('have the update revision of a StatefulSet as the current one, even if another has a higher number', () => {
    const objects = [
      controllerRevision(1, '2026-01-01T00:00:00Z', 'one'),
      controllerRevision(2, '2026-01-02T00:00:00Z', 'two'),
    ];
    const of = (hash: string, updateRevision: string, generation?: number) =>
      currentRevision('StatefulSet', workload(hash, { updateRevision }, generation), objects, keys);
    assert.equal(of('one', 'db-one'), 'db-one');
    assert.equal(of('two', 'db-two'), 'db-two');
    // The controller has not seen the change yet.
    assert.equal(of('two', 'db-two', 3), undefined);
    assert.equal(of('three', 'db-two'), undefined);
  });

  it('are an empty list for a kind without revisions', () => {
    assert.deepEqual(revisionsOf('DaemonSet', [], keys, undefined), []);
    assert.equal(currentRevision('DaemonSet', workload('one', {}), [], keys), undefined);
  });

  it('only contain names of sources from a record', () => {
    const [newest] = revisionsOf(
      'DaemonSet',
      [
        controllerRevision(1, '2026-01-01T00:00:00Z', 'one'),
        controllerRevision(2, '2026-01-02T00:00:00Z', 'two', '{"\\u001b[31mevil":"1"}'),
      ],
      keys,
      undefined,
    );
    assert.equal(newest?.what, 'ConfigMap/a is no longer referenced');
  });
});
