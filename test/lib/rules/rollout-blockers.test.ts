/** The states that no test can cause on the control plane of the tests, or not in a short time. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { progressInWords, type WorkloadKind } from '../../../lib/kubernetes/kinds.ts';
import type { WorkloadObject } from '../../../lib/kubernetes/objects.ts';
import {
  progressOf,
  progressSentence,
  rolloutBlockers,
} from '../../../lib/rules/rollout-blockers.ts';

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

suite('the reason why Pods do not follow', () => {
  test('does not exist if all Pods have the current template', () => {
    assert.deepEqual(blockers({ status: all }), []);
    assert.deepEqual(blockers({ kind: 'StatefulSet', status: all }), []);
    const nodes = { desiredNumberScheduled: 4, currentNumberScheduled: 4, numberAvailable: 4 };
    const status = { ...nodes, updatedNumberScheduled: 4 };
    assert.deepEqual(blockers({ kind: 'DaemonSet', status }), []);
  });

  test('is a controller that has not seen a change for half a minute, whose old status is ignored', () => {
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
    // A write of the status does not change the desired state.
    assert.match(blockers(at('2026-11-30T09:59:45Z', 'status'))[0] ?? '', /08:00:00Z/);
    assert.equal(progressOf('Deployment', objectOf(at('2026-11-30T09:59:45Z'))), undefined);
  });

  test('is every reason why a Deployment does not progress, with the text of Kubernetes, shortened and quoted', () => {
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

  test('is not a Deployment that progresses, or whose deadline has not passed', () => {
    const conditions = [{ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated' }];
    const status = { replicas: 5, updatedReplicas: 2, availableReplicas: 4, conditions };
    assert.deepEqual(blockers({ spec: { progressDeadlineSeconds: 600 }, status }), []);
  });

  test('is the partition of a StatefulSet, even if no Pod follows', () => {
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

  test('is a DaemonSet with as many unavailable Pods as maxUnavailable allows, rounded up', () => {
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

  test('is a rollout that waits and has no deadline', () => {
    const noDeadline = { progressDeadlineSeconds: 2_147_483_647 };
    const waiting = { replicas: 5, updatedReplicas: 2, availableReplicas: 4 };
    const [sentence] = blockers({ spec: noDeadline, status: waiting });
    assert.match(sentence ?? '', /has no deadline: 2 of 5 have the current template/);
    assert.deepEqual(blockers({ spec: { progressDeadlineSeconds: 600 }, status: waiting }), []);
    const going = { replicas: 5, updatedReplicas: 2, availableReplicas: 5 };
    assert.deepEqual(blockers({ spec: noDeadline, status: going }), []);
  });

  test('is the condition of a Deployment, even without a message', () => {
    const conditions = [
      { type: 'Progressing', status: 'False' },
      { type: 'ReplicaFailure', status: 'True' },
    ];
    assert.deepEqual(blockers({ status: { ...all, conditions } }), [
      'its rollout does not progress (""): ""',
      'Pods cannot be created (""): ""',
    ]);
    const late = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
    assert.match(blockers({ status: { ...all, conditions: late } })[0] ?? '', /deadline of 600 s/);
  });

  test('is a StatefulSet with too few Pods, or with a Pod that is not available', () => {
    const of = (status: object, spec: object = {}) =>
      blockers({ kind: 'StatefulSet', spec, status: { updatedReplicas: 1, ...status } });
    assert.match(of({ replicas: 3, availableReplicas: 3 })[0] ?? '', /^only 3 of its 4 Pods exist/);
    assert.match(of({ replicas: 4, availableReplicas: 3 })[0] ?? '', /waits for a Pod .*67250/);
    assert.match(of({ replicas: 4, availableReplicas: 2 })[0] ?? '', /waits for 2 Pods /);
    const parallel = { podManagementPolicy: 'Parallel' };
    assert.doesNotMatch(of({ replicas: 4, availableReplicas: 3 }, parallel)[0] ?? '', /67250/);
    assert.deepEqual(of({ replicas: 4, availableReplicas: 4 }), []);
  });

  test('is a DaemonSet with nodes without a Pod, or one that waits for additional Pods', () => {
    const of = (current: number, rollingUpdate: object | null) =>
      blockers({
        kind: 'DaemonSet',
        spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate } },
        status: {
          ...{ desiredNumberScheduled: 4, currentNumberScheduled: current },
          ...{ updatedNumberScheduled: 1, numberAvailable: 4 },
        },
      });
    assert.match(of(3, null)[0] ?? '', /^1 of its 4 nodes have no Pod$/);
    assert.match(
      of(4, { maxSurge: '10%', maxUnavailable: 0 })[0] ?? '',
      /in addition to the old ones \(maxSurge 10%\)/,
    );
    assert.match(of(4, { maxSurge: 1 })[0] ?? '', /in addition to the old ones \(maxSurge 1\)/);
    assert.deepEqual(of(4, { maxUnavailable: null }), []);
  });

  test('is OnDelete, with any status, or a paused Deployment', () => {
    const updateStrategy = { type: 'OnDelete', rollingUpdate: { partition: 2 } };
    for (const kind of ['StatefulSet', 'DaemonSet'] as const) {
      const [sentence, ...more] = blockers({ kind, spec: { updateStrategy }, status: {} });
      assert.match(sentence ?? '', /OnDelete/);
      assert.deepEqual(more, []);
    }
    assert.match(blockers({ spec: { paused: true }, status: all })[0] ?? '', /^it is paused/);
  });

  test('does not exist for an object without spec and status', () => {
    for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet'] as const) {
      assert.deepEqual(rolloutBlockers(kind, {}, now).slice(1), []);
    }
    assert.deepEqual(rolloutBlockers('Deployment', { metadata: { generation: 2 } }, now), []);
    const managedFields = [{ time: '2026-11-30T08:00:00Z' }];
    const unseen = { metadata: { generation: 2, managedFields } };
    assert.match(rolloutBlockers('Deployment', unseen, now)[0] ?? '', /observed 0\)/);
  });

  test('has the numbers of Pods, with any status', () => {
    assert.equal(
      progressInWords(progressOf('Deployment', { spec: { replicas: 3 }, status: {} })),
      '0 of 3 have the current template, 0 available',
    );
    assert.match(progressInWords(progressOf('DaemonSet', {})), /^none: /);
    assert.match(progressInWords(undefined), /^unknown: its controller has not observed/);
  });

  test('is unknown for a kind whose status does not report it', () => {
    const kind = 'Widget.v1.example.com';
    const object = objectOf({ metadata: { generation: 5 }, status: all });
    assert.equal(progressOf(kind, object), undefined);
    assert.deepEqual(rolloutBlockers(kind, object, now), []);
    assert.match(progressSentence(kind, undefined), /^unknown: the status of a Widget/);
    assert.match(progressSentence('Deployment', undefined), /has not observed the last change/);
  });

  test('is the controller of another kind, if it has not seen a change', () => {
    const managedFields = [{ manager: 'a', time: '2026-11-30T08:00:00Z' }];
    const unseen = { metadata: { generation: 3, managedFields }, status: all };
    const kind = 'CloneSet.v1alpha1.apps.kruise.io';
    assert.match(blockers({ kind, ...unseen })[0] ?? '', /check that its controller is running$/);
  });
});
