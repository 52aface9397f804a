import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { phaseOf, type Status, state } from './rollout-states.ts';

const nodes = (desired: number, updated: number, available: number): Status => ({
  desiredNumberScheduled: desired,
  currentNumberScheduled: desired,
  updatedNumberScheduled: updated,
  numberAvailable: available,
});

suite('the state of the rollout of a DaemonSet', () => {
  test('is healthy once all of its Pods are new and available', () => {
    assert.equal(phaseOf('DaemonSet', {}, nodes(3, 3, 3)), 'healthy');
  });

  test('is unfinished, and failed after the deadline, while Pods of an earlier template are left or no Pod is available', () => {
    for (const status of [nodes(3, 1, 2), nodes(3, 3, 0), nodes(1, 1, 0)]) {
      const { phase, failure } = state('DaemonSet', {}, status);
      assert.deepEqual([phase, failure], ['unfinished', 'if late']);
    }
  });

  test('is unfinished, and never failed, if all Pods are new and a node is out of order', () => {
    const { phase, failure } = state('DaemonSet', {}, nodes(3, 3, 2));
    assert.deepEqual([phase, failure], ['unfinished', 'not known']);
  });

  test('is inert with OnDelete or no node', () => {
    const onDelete = { updateStrategy: { type: 'OnDelete' } };
    assert.equal(phaseOf('DaemonSet', onDelete, nodes(3, 1, 2)), 'inert');
    assert.equal(phaseOf('DaemonSet', {}, nodes(0, 0, 0)), 'inert');
  });
});
