import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { phaseOf, pods, type Spec, type Status, state } from './rollout-states.ts';

const progressing = (reason: string, status = 'True'): Status => ({
  conditions: [{ type: 'Progressing', status, reason, lastTransitionTime: '2026-11-30T07:00:00Z' }],
});

suite('the state of the rollout of a Deployment', () => {
  const spec: Spec = { replicas: 3, progressDeadlineSeconds: 60 };

  test('is healthy once all of its Pods are new and available', () => {
    assert.equal(phaseOf('Deployment', spec, pods(3, 3, 3)), 'healthy');
    assert.equal(phaseOf('Deployment', {}, pods(1, 1, 1)), 'healthy');
  });

  test('is unfinished while its controller has not seen it, Pods are missing, or old Pods are left', () => {
    assert.equal(
      phaseOf('Deployment', spec, { ...pods(3, 3, 3), observedGeneration: 1 }),
      'unfinished',
    );
    assert.equal(phaseOf('Deployment', spec, pods(3, 2, 3)), 'unfinished');
    assert.equal(phaseOf('Deployment', spec, pods(4, 3, 3)), 'unfinished');
    assert.equal(phaseOf('Deployment', spec, pods(3, 3, 2)), 'unfinished');
    assert.equal(phaseOf('Deployment', spec, {}), 'unfinished');
  });

  test('is finished if its controller was done and Pods fail later', () => {
    const done = progressing('NewReplicaSetAvailable');
    assert.equal(phaseOf('Deployment', spec, { ...pods(3, 3, 1), ...done }), 'finished');
    assert.equal(phaseOf('Deployment', spec, { ...pods(4, 3, 3), ...done }), 'unfinished');
  });

  test('is failed if its controller says so, and not before', () => {
    const late = { ...pods(4, 1, 3), ...progressing('ProgressDeadlineExceeded', 'False') };
    assert.deepEqual(state('Deployment', spec, late), {
      phase: 'unfinished',
      failure: 'said',
      saidAt: Date.parse('2026-11-30T07:00:00Z'),
      ownDeadlineMs: 60_000,
    });
    assert.equal(state('Deployment', spec, pods(4, 1, 3)).failure, 'not known');
    assert.equal(
      state('Deployment', spec, { ...late, observedGeneration: 1 }).failure,
      'not known',
    );
  });

  test('never fails without a progress deadline', () => {
    const patient: Spec = { replicas: 3, progressDeadlineSeconds: 2_147_483_647 };
    assert.deepEqual(state('Deployment', patient, pods(4, 1, 3)), {
      phase: 'unfinished',
      failure: 'not known',
    });
    assert.equal(state('Deployment', { replicas: 3 }, pods(4, 1, 3)).ownDeadlineMs, 600_000);
  });

  test('is inert if it is paused or has no replicas, with any status', () => {
    const late = { ...pods(4, 1, 3), ...progressing('ProgressDeadlineExceeded', 'False') };
    for (const still of [{ paused: true }, { replicas: 0 }]) {
      assert.deepEqual(state('Deployment', { ...spec, ...still }, late), {
        phase: 'inert',
        failure: 'not known',
      });
    }
  });
});
