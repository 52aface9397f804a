import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { phaseOf, pods, type Spec, type Status, state } from './rollout-states.ts';

suite('the state of the rollout of a StatefulSet', () => {
  const spec: Spec = { replicas: 3 };
  const revisions = (currentRevision: string, updateRevision: string): Status => ({
    ...{ currentRevision, updateRevision },
  });

  test('is healthy once all of its Pods are new and available', () => {
    assert.equal(
      phaseOf('StatefulSet', spec, { ...pods(3, 3, 3), ...revisions('b', 'b') }),
      'healthy',
    );
    assert.equal(
      phaseOf('StatefulSet', spec, { ...pods(3, 3, 3), ...revisions('a', 'b') }),
      'healthy',
    );
  });

  test('is unfinished, and failed after the deadline, while Pods of an earlier revision are left', () => {
    const status = { ...pods(3, 1, 2), ...revisions('a', 'b') };
    const { phase, failure } = state('StatefulSet', spec, status);
    assert.deepEqual([phase, failure], ['unfinished', 'if late']);
  });

  test('is finished if its controller was done and Pods fail later', () => {
    assert.equal(
      phaseOf('StatefulSet', spec, { ...pods(3, 3, 1), ...revisions('b', 'b') }),
      'finished',
    );
    const early = { ...pods(3, 3, 1), ...revisions('b', 'b'), observedGeneration: 1 };
    assert.equal(phaseOf('StatefulSet', spec, early), 'unfinished');
  });

  test('names the Pod that it waits for, unless it replaces all Pods at once', () => {
    const status = { ...pods(3, 1, 2), ...revisions('a', 'b') };
    assert.equal(state('StatefulSet', spec, status).waitsForPod, 'db-2');
    const second = { ...pods(3, 2, 2), ...revisions('a', 'b') };
    assert.equal(state('StatefulSet', spec, second).waitsForPod, 'db-1');
    const corrected = { ...pods(3, 0, 2), ...revisions('a', 'c') };
    assert.equal(state('StatefulSet', spec, corrected).waitsForPod, 'db-2');
    const begun = { ...pods(3, 0, 3), ...revisions('a', 'b') };
    assert.equal(state('StatefulSet', spec, begun).waitsForPod, undefined);
    const numbered = { ...spec, ordinals: { start: 5 } };
    assert.equal(state('StatefulSet', numbered, status).waitsForPod, 'db-7');
    const parallel = { ...spec, podManagementPolicy: 'Parallel' };
    assert.equal(state('StatefulSet', parallel, status).waitsForPod, undefined);
  });

  test('is inert with OnDelete, a partition or no replicas', () => {
    for (const still of [
      { updateStrategy: { type: 'OnDelete' } },
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } },
      { replicas: 0 },
    ]) {
      assert.equal(phaseOf('StatefulSet', { ...spec, ...still }, pods(3, 1, 2)), 'inert');
    }
  });
});
