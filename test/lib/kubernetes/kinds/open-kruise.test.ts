import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { workloadEntry } from '../../../../lib/kubernetes/kinds.ts';
import { phaseOf, pods, type Spec, type Status, state } from './rollout-states.ts';

const cloneSet = 'CloneSet.v1alpha1.apps.kruise.io';
const statefulSet = 'StatefulSet.v1beta1.apps.kruise.io';
const spec: Spec = { replicas: 4 };

suite('the state of a CloneSet', () => {
  test('is healthy once all of its Pods are new and available', () => {
    assert.equal(phaseOf(cloneSet, spec, pods(4, 4, 4)), 'healthy');
    assert.equal(phaseOf(cloneSet, {}, pods(1, 1, 1)), 'healthy');
  });

  test('is unfinished while its controller has not seen it, or Pods are missing or old', () => {
    const unseen = { ...pods(4, 4, 4), observedGeneration: 1 };
    assert.equal(phaseOf(cloneSet, spec, unseen), 'unfinished');
    assert.deepEqual(state(cloneSet, spec, pods(4, 2, 4)), {
      phase: 'unfinished',
      failure: 'if late',
    });
    assert.equal(phaseOf(cloneSet, spec, {}), 'unfinished');
  });

  test('is finished if its revisions are equal and Pods fail later', () => {
    const revisions = { updateRevision: 'a', currentRevision: 'a' };
    assert.equal(phaseOf(cloneSet, spec, { ...pods(4, 4, 1), ...revisions }), 'finished');
  });

  test('is inert if it is paused, has no replicas, or a partition', () => {
    for (const still of [
      { updateStrategy: { paused: true } },
      { replicas: 0 },
      { updateStrategy: { partition: 1 } },
      { updateStrategy: { partition: '20%' } },
    ]) {
      assert.equal(phaseOf(cloneSet, { ...spec, ...still }, pods(4, 1, 4)), 'inert');
    }
    const none = { ...spec, updateStrategy: { partition: '0%' } };
    assert.equal(phaseOf(cloneSet, none, pods(4, 1, 4)), 'unfinished');
    assert.equal(
      phaseOf(cloneSet, { updateStrategy: { partition: '50%' } }, pods(1, 0, 1)),
      'inert',
    );
  });
});

suite('a CloneSet', () => {
  const { pods: control, rollout, whyNotRestarted } = workloadEntry(cloneSet);

  test('says why its Pods do not follow', () => {
    assert.deepEqual(rollout.blockersOfSpec({}), []);
    const updateStrategy = { paused: true, partition: '50%' };
    assert.deepEqual(rollout.blockersOfSpec({ replicas: 4, updateStrategy }), [
      'its update strategy is paused: Pods restart when it is resumed',
      'the partition of its update strategy is 50%: so many Pods keep their template',
    ]);
    assert.equal(rollout.podsFollow({ spec: { updateStrategy } }), 'when resumed');
    assert.equal(rollout.podsFollow({}), 'at once');
    assert.ok(rollout.keepsSomePods({ updateStrategy: { partition: 1 } }));
    const blockers = (status: Status, of: Spec = spec) => {
      const object = { spec: of, status };
      return rollout.blockersOfStatus(object, rollout.progress(object));
    };
    assert.match(blockers(pods(4, 1, 3)).join(), /waits for Pods that are not available: 1 of 4/);
    assert.deepEqual(blockers(pods(4, 1, 4)), []);
    assert.deepEqual(blockers(pods(4, 4, 3)), []);
    assert.deepEqual(blockers(pods(4, 1, 3), { ...spec, updateStrategy: { paused: true } }), []);
  });

  test('has Pods whose label names the newest revision, completely or by the end of its name', () => {
    assert.ok(control.controlledBy === 'workload');
    const newest = { complete: false, observed: true, generation: undefined };
    const isNewest = (revision: string | undefined, updateRevision?: string, observed = true) =>
      control.isNewest(
        { revision, generation: undefined },
        { ...newest, observed, updateRevision },
      );
    assert.ok(isNewest('web-7c9', 'web-7c9'));
    assert.ok(isNewest('7c9', 'web-7c9'));
    assert.ok(!isNewest('c9', 'web-7c9'));
    assert.ok(!isNewest('web-7c9', undefined));
    assert.ok(!isNewest(undefined, undefined));
    assert.ok(!isNewest('7c9', 'web-7c9', false));
    assert.ok(!control.areNewestIfAlike({ ...newest, updateRevision: 'a' }));
    assert.ok(control.isComplete({ currentRevision: 'a', updateRevision: 'a' }));
    assert.ok(!control.isComplete({ currentRevision: 'a', updateRevision: 'b' }));
    assert.ok(!control.isComplete({}));
  });

  test('with in-place updates restarts no Pods', () => {
    const why = (type?: string) =>
      whyNotRestarted?.({ spec: { template: {}, ...(type && { updateStrategy: { type } }) } });
    assert.equal(why(), undefined);
    assert.equal(why('ReCreate'), undefined);
    for (const type of ['InPlaceIfPossible', 'InPlaceOnly']) {
      assert.match(why(type) ?? '', /changes an annotation of running Pods and restarts none/);
    }
  });
});

suite('a StatefulSet of OpenKruise', () => {
  const { rollout, whyNotRestarted } = workloadEntry(statefulSet);
  const paused: Spec = { replicas: 3, updateStrategy: { rollingUpdate: { paused: true } } };

  test('is inert while it is paused, and otherwise has the state of a StatefulSet of Kubernetes', () => {
    assert.equal(phaseOf(statefulSet, paused, pods(3, 1, 3)), 'inert');
    assert.equal(phaseOf(statefulSet, { replicas: 3 }, pods(3, 3, 3)), 'healthy');
    assert.equal(rollout.podsFollow({ spec: paused }), 'when resumed');
    assert.equal(
      rollout.podsFollow({ spec: { updateStrategy: { type: 'OnDelete' } } }),
      'when deleted',
    );
    assert.deepEqual(rollout.blockersOfSpec(paused), [
      'its update strategy is paused: Pods restart when it is resumed',
    ]);
  });

  // A StatefulSet of OpenKruise may leave ordinals out, so this Pod is not known.
  test('does not name the Pod that it waits for', () => {
    const waiting = pods(3, 1, 2);
    assert.equal(state('StatefulSet', { replicas: 3 }, waiting).waitsForPod, 'db-2');
    assert.deepEqual(state(statefulSet, { replicas: 3 }, waiting), {
      phase: 'unfinished',
      failure: 'if late',
    });
  });

  test('with in-place updates restarts no Pods', () => {
    const rollingUpdate = { podUpdatePolicy: 'InPlaceIfPossible' };
    const object = { spec: { template: {}, updateStrategy: { rollingUpdate } } };
    assert.match(whyNotRestarted?.(object) ?? '', /podUpdatePolicy is InPlaceIfPossible/);
    assert.equal(whyNotRestarted?.({ spec: { template: {} } }), undefined);
  });
});
