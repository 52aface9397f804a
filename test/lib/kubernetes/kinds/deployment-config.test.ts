import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { workloadEntry } from '../../../../lib/kubernetes/kinds.ts';
import { phaseOf, pods, type Spec, type Status, state } from './rollout-states.ts';

const kind = 'DeploymentConfig.v1.apps.openshift.io';
const { rollout, whyNotRestarted } = workloadEntry(kind);
const spec: Spec = { replicas: 3 };
const progressing = (reason: string, status = 'True'): Status => ({
  conditions: [{ type: 'Progressing', status, reason, lastTransitionTime: '2026-11-30T07:00:00Z' }],
});

suite('a DeploymentConfig', () => {
  test('is healthy once all of its Pods are new and available, and unfinished before', () => {
    assert.equal(phaseOf(kind, spec, pods(3, 3, 3)), 'healthy');
    assert.equal(phaseOf(kind, {}, pods(1, 1, 1)), 'healthy');
    assert.equal(phaseOf(kind, spec, {}), 'unfinished');
    const unseen = { ...pods(3, 3, 3), observedGeneration: 1 };
    assert.equal(phaseOf(kind, spec, unseen), 'unfinished');
    assert.equal(state(kind, spec, pods(4, 1, 3)).failure, 'if late');
  });

  test('is finished if its controller was done and Pods fail later', () => {
    const done = progressing('NewReplicationControllerAvailable');
    assert.equal(phaseOf(kind, spec, { ...pods(3, 3, 1), ...done }), 'finished');
    assert.equal(phaseOf(kind, spec, { ...pods(4, 3, 1), ...done }), 'unfinished');
  });

  test('has failed if its controller says so', () => {
    const late = { ...pods(4, 1, 3), ...progressing('ProgressDeadlineExceeded', 'False') };
    assert.deepEqual(state(kind, spec, late), {
      ...{ phase: 'unfinished', failure: 'said' },
      saidAt: Date.parse('2026-11-30T07:00:00Z'),
    });
    const object = { spec, status: late };
    assert.match(
      rollout.blockersOfStatus(object, rollout.progress(object)).join(),
      /does not progress \("ProgressDeadlineExceeded"\)/,
    );
    assert.deepEqual(rollout.blockersOfStatus({}, rollout.progress({})), []);
  });

  test('is inert if it is paused or has no replicas', () => {
    for (const still of [{ paused: true }, { replicas: 0 }]) {
      assert.equal(phaseOf(kind, still, pods(4, 1, 3)), 'inert');
    }
    assert.equal(rollout.podsFollow({ spec: { paused: true } }), 'when resumed');
    assert.equal(rollout.podsFollow({}), 'at once');
    assert.equal(rollout.blockersOfSpec({ paused: true }).length, 1);
    assert.deepEqual(rollout.blockersOfSpec({}), []);
  });

  test('restarts its Pods only with a trigger ConfigChange', () => {
    const metadata = { namespace: 'shop', name: 'web' };
    const why = (triggers: Spec['triggers']) =>
      whyNotRestarted?.({ metadata, spec: { template: {}, triggers: triggers ?? null } });
    assert.equal(why([{ type: 'ImageChange' }, { type: 'ConfigChange' }]), undefined);
    for (const without of [undefined, [], [{ type: 'ImageChange' }]]) {
      assert.match(why(without) ?? '', /oc -n shop set triggers dc\/web --from-config adds it/);
    }
  });
});
