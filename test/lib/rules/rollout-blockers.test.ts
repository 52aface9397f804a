/** The states that no test can bring about on the control plane of the tests, or not in time. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { WorkloadObject } from '../../../lib/kubernetes/objects.ts';
import {
  progressInWords,
  progressOf,
  rolloutBlockers,
} from '../../../lib/rules/rollout-blockers.ts';
import type { WorkloadKind } from '../../../lib/rules/workload.ts';

const now = new Date('2026-11-30T10:00:00Z');

type Case = {
  kind?: WorkloadKind;
  metadata?: WorkloadObject['metadata'];
  spec?: WorkloadObject['spec'];
  status?: WorkloadObject['status'];
};

const objectOf = ({ metadata, spec, status }: Case): WorkloadObject => ({
  metadata: { generation: 2, ...metadata },
  spec: { replicas: 4, ...spec },
  status: { observedGeneration: 2, ...status },
});
const blockers = (it: Case) => rolloutBlockers(it.kind ?? 'Deployment', objectOf(it), now);
const all = { replicas: 4, updatedReplicas: 4, availableReplicas: 4 };

suite('what keeps Pods from following', () => {
  test('is nothing where all of them run with the current template', () => {
    assert.deepEqual(blockers({ status: all }), []);
    assert.deepEqual(blockers({ kind: 'StatefulSet', status: all }), []);
    const nodes = { desiredNumberScheduled: 4, currentNumberScheduled: 4, numberAvailable: 4 };
    const status = { ...nodes, updatedNumberScheduled: 4 };
    assert.deepEqual(blockers({ kind: 'DaemonSet', status }), []);
  });

  test('is a controller that has not seen a change for half a minute, and its old status says nothing', () => {
    const conditions = [
      { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' },
    ];
    const at = (time: string, subresource?: string): Case => ({
      metadata: {
        generation: 3,
        managedFields: [
          { manager: 'a', time: '2026-11-30T08:00:00Z' },
          { manager: 'b', time, ...(subresource === undefined ? {} : { subresource }) },
        ],
      },
      status: { ...all, conditions },
    });
    assert.deepEqual(blockers(at('2026-11-30T09:59:45Z')), []);
    const seen = 'check that kube-controller-manager is running';
    assert.deepEqual(blockers(at('2026-11-30T09:59:30Z')), [
      `its controller has not observed the change at 2026-11-30T09:59:30Z (generation 3, observed 2): ${seen}`,
    ]);
    // A status is no change of what it is to be.
    assert.match(blockers(at('2026-11-30T09:59:45Z', 'status'))[0] ?? '', /08:00:00Z/);
    assert.equal(progressOf('Deployment', objectOf(at('2026-11-30T09:59:45Z'))), undefined);
  });

  test('is every reason for which a Deployment does not progress, in the words of Kubernetes, shortened and quoted', () => {
    const message = `quota "all"\n${'x'.repeat(5_000)}`;
    const conditions = [
      { type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message },
      { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message },
    ];
    const found = blockers({ status: { ...all, conditions } });
    assert.match(
      found[0] ?? '',
      /^its rollout does not progress \("ReplicaSetCreateError"\): "quota/,
    );
    assert.match(found[1] ?? '', /^Pods cannot be created \("FailedCreate"\): "quota \\"all\\"/);
    for (const each of found) assert.ok(each.length < 300 && !each.includes('\n'), each);
  });

  test('is not a Deployment that progresses, nor one whose deadline has not passed', () => {
    const conditions = [{ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' }];
    const status = { replicas: 5, updatedReplicas: 2, availableReplicas: 4, conditions };
    assert.deepEqual(blockers({ spec: { progressDeadlineSeconds: 600 }, status }), []);
  });

  test('is the partition of a StatefulSet, also where nobody of it follows', () => {
    const of = (partition: number, replicas = 4) =>
      blockers({
        kind: 'StatefulSet',
        spec: { replicas, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } } },
        status: { ...all, updatedReplicas: 0 },
      })[0];
    assert.match(of(2) ?? '', /is 2: its first 2 Pods keep their template$/);
    assert.match(of(9) ?? '', /is 9: its first 4 Pods keep/);
    assert.equal(of(9, 0), undefined);
    assert.equal(of(0), undefined);
  });

  test('is a DaemonSet that has as many Pods down as maxUnavailable allows, rounded up', () => {
    const of = (maxUnavailable: number | string, numberAvailable: number) =>
      blockers({
        kind: 'DaemonSet',
        spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } } },
        status: {
          desiredNumberScheduled: 10,
          currentNumberScheduled: 10,
          updatedNumberScheduled: 3,
          numberAvailable,
        },
      }).length;
    assert.deepEqual(
      [of(1, 10), of(1, 9), of(3, 8), of(3, 7), of('25%', 8), of('25%', 7)],
      [0, 1, 0, 1, 0, 1],
    );
  });

  test('is told in numbers for whatever status there is', () => {
    assert.equal(
      progressInWords(progressOf('Deployment', { spec: { replicas: 3 }, status: {} })),
      '0 of 3 have the current template, 0 available',
    );
    assert.match(progressInWords(progressOf('DaemonSet', {})), /^none: /);
    assert.match(progressInWords(undefined), /^unknown: its controller has not observed/);
  });
});
