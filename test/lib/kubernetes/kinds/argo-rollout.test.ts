import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { workloadEntry } from '../../../../lib/kubernetes/kinds.ts';
import { phaseOf, pods, type Spec, type Status, state } from './rollout-states.ts';

const kind = 'Rollout.v1alpha1.argoproj.io';
const { rollout, templateOwner, whyNotRestarted } = workloadEntry(kind);
const spec: Spec = { replicas: 3, progressDeadlineSeconds: 60 };
/** The controller of Argo Rollouts writes the generation as text. */
const seen: Status = { ...pods(3, 3, 3), observedGeneration: '2' };
const promoted: Status = { ...seen, stableRS: 'a', currentPodHash: 'a' };
const canary: Status = { ...seen, updatedReplicas: 1, stableRS: 'a', currentPodHash: 'b' };
const pausedCanary: Status = {
  ...canary,
  ...{ phase: 'Paused', pauseConditions: [{ reason: 'CanaryPauseStep' }], currentStepIndex: 1 },
};

suite('the state of a Rollout', () => {
  test('is healthy once its controller says so and it is promoted', () => {
    assert.equal(phaseOf(kind, spec, { ...promoted, phase: 'Healthy' }), 'healthy');
    assert.equal(phaseOf(kind, {}, { ...promoted, phase: 'Healthy' }), 'healthy');
  });

  test('is unfinished while its controller has not seen it, or still works on it', () => {
    const healthy = { ...promoted, phase: 'Healthy' };
    assert.equal(phaseOf(kind, spec, { ...healthy, observedGeneration: '1' }), 'unfinished');
    assert.equal(phaseOf(kind, spec, { ...healthy, observedGeneration: 'x' }), 'unfinished');
    assert.deepEqual(state(kind, spec, { ...canary, phase: 'Progressing' }), {
      phase: 'unfinished',
      failure: 'not known',
      ownDeadlineMs: 60_000,
    });
    assert.equal(state(kind, { replicas: 1 }, canary).ownDeadlineMs, 600_000);
  });

  test('is finished if it is promoted and Pods fail later', () => {
    assert.equal(phaseOf(kind, spec, { ...promoted, phase: 'Progressing' }), 'finished');
  });

  test('is unfinished while its controller still has to restart Pods, and fails if that takes too long', () => {
    const restartAt = '2026-11-30T07:00:00Z';
    const restarting = { ...spec, restartAt };
    const healthy = { ...promoted, phase: 'Healthy' };
    for (const restartedAt of [undefined, '2026-11-30T06:00:00Z']) {
      const status = { ...healthy, ...(restartedAt && { restartedAt }) };
      const { phase, failure } = state(kind, restarting, status);
      assert.deepEqual([phase, failure], ['unfinished', 'if late']);
    }
    assert.equal(phaseOf(kind, restarting, { ...healthy, restartedAt: restartAt }), 'healthy');
    const [blocker] = rollout.blockersOfStatus(
      { spec: restarting, status: healthy },
      { desired: 3, existing: 3, updated: 3, available: 3 },
    );
    assert.match(blocker ?? '', /still has to restart the Pods that are older than "2026-11-30T07/);
  });

  test('of a waiting canary is neither failed nor waited for', () => {
    assert.equal(phaseOf(kind, spec, pausedCanary), 'inert');
    assert.equal(phaseOf(kind, spec, { ...pausedCanary, phase: 'Progressing' }), 'inert');
  });

  test('is inert if it is paused or has no replicas', () => {
    assert.equal(phaseOf(kind, { paused: true }, canary), 'inert');
    assert.equal(phaseOf(kind, { replicas: 0 }, canary), 'inert');
  });

  test('is failed if it was aborted or is degraded, since the time in its status', () => {
    const abortedAt = '2026-11-30T07:00:00Z';
    const aborted = { ...canary, phase: 'Degraded', abort: true, abortedAt };
    assert.deepEqual(state(kind, spec, aborted), {
      ...{ phase: 'unfinished', failure: 'said', ownDeadlineMs: 60_000 },
      saidAt: Date.parse(abortedAt),
    });
    const conditions = [{ type: 'Progressing', status: 'False', lastTransitionTime: abortedAt }];
    const degraded = { ...canary, phase: 'Degraded', conditions };
    assert.equal(state(kind, spec, degraded).saidAt, Date.parse(abortedAt));
    const unknown = { ...canary, phase: 'Degraded' };
    assert.ok(Number.isNaN(state(kind, spec, unknown).saidAt));
  });
});

suite('the Pods of a Rollout follow a changed template', () => {
  const follow = (of: Spec, status: Status = promoted) => rollout.podsFollow({ spec: of, status });

  test('at once, when it is resumed, or when somebody promotes it', () => {
    assert.equal(follow(spec), 'at once');
    assert.equal(follow({ paused: true }), 'when resumed');
    const timed = { canary: { steps: [{ pause: { duration: '1h' } }, {}] } };
    assert.equal(follow({ strategy: timed }), 'at once');
    assert.equal(follow({ strategy: { canary: { steps: [{ pause: {} }] } } }), 'when promoted');
    const blueGreen = { autoPromotionEnabled: false };
    assert.equal(follow({ strategy: { blueGreen } }), 'when promoted');
    assert.equal(follow({ strategy: { blueGreen: {} } }), 'at once');
  });

  test('from the first step, if it is in the middle of its steps', () => {
    assert.equal(follow(spec, pausedCanary), 'from the first step');
    assert.equal(follow(spec, { ...pausedCanary, currentStepIndex: 0 }), 'at once');
  });
});

suite('the blocker of the Pods of a Rollout', () => {
  const blockers = (status: Status) => {
    const object = { spec, status };
    return rollout.blockersOfStatus(object, rollout.progress(object));
  };

  test('is a pause, an abort, or missing progress', () => {
    assert.deepEqual(blockers(promoted), []);
    assert.deepEqual(rollout.blockersOfSpec({ paused: true }), [
      'it is paused: Pods restart when it is resumed',
    ]);
    assert.deepEqual(rollout.blockersOfSpec({}), []);
    assert.match(
      blockers(pausedCanary).join(),
      /is paused \("CanaryPauseStep"\).*promoted; 1 of 3/,
    );
    assert.match(
      blockers({ ...canary, abort: true, message: 'metric "x"' }).join(),
      /was aborted, and its Pods have the earlier template/,
    );
    assert.match(blockers({ ...canary, abort: true }).join(), /was aborted/);
    const conditions = [{ type: 'Progressing', status: 'False', reason: 'Late', message: 'm' }];
    assert.match(blockers({ ...canary, conditions }).join(), /does not progress \("Late"\): "m"/);
    assert.match(
      blockers({ ...canary, conditions: [{ type: 'Progressing', status: 'False' }] }).join(),
      /does not progress/,
    );
    assert.deepEqual(blockers({ ...canary, updatedReplicas: 3, conditions }), []);
  });
});

suite('a Rollout with a workloadRef', () => {
  const of = (workloadRef: Spec['workloadRef']) => ({ spec: { workloadRef: workloadRef ?? null } });

  test('has the pod template of a Deployment, which must be opted in', () => {
    const object = of({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' });
    assert.deepEqual(templateOwner?.(object), { kind: 'Deployment', name: 'app' });
    assert.match(whyNotRestarted?.(object) ?? '', /opt in that Deployment instead/);
  });

  test('to another kind is reported as not handled', () => {
    const object = of({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'app' });
    assert.equal(templateOwner?.(object), undefined);
    assert.match(whyNotRestarted?.(object) ?? '', /that of "ReplicaSet" "app".*does not handle/);
    assert.match(whyNotRestarted?.(of({ name: 'app' })) ?? '', /that of "" "app"/);
  });

  test('does not exist if it has its own template', () => {
    assert.equal(templateOwner?.({ spec: { template: {} } }), undefined);
    assert.equal(whyNotRestarted?.({ spec: { template: {} } }), undefined);
    assert.match(whyNotRestarted?.({ spec: {} }) ?? '', /no pod template at spec\.template/);
  });

  test('is stored without fields that a tenant can make large, and its rollout state is the same', () => {
    const large = 'x'.repeat(10_000);
    const object = {
      metadata: { name: 'web', labels: { large }, generation: 2 },
      spec: {
        ...{ replicas: 3, template: { metadata: { labels: { large } } } },
        strategy: { canary: { steps: [{ pause: {} }, ...Array(1000).fill({ setWeight: 1 })] } },
      },
      status: {
        ...{ ...pausedCanary, message: large },
        pauseConditions: Array(1000).fill({ reason: large }),
        conditions: Array(1000).fill({ type: 'Progressing', status: 'False', message: large }),
      },
    };
    const kept = workloadEntry(kind).withoutTheRest?.(object) ?? {};
    assert.ok(JSON.stringify(kept).length < 3_000);
    assert.deepEqual(rollout.state(kept), rollout.state(object));
    assert.deepEqual(rollout.progress(kept), rollout.progress(object));
    assert.equal(rollout.podsFollow({ ...kept, status: {} }), 'when promoted');
    const atOnce = workloadEntry(kind).withoutTheRest?.({ spec: {}, status: {} }) ?? {};
    assert.equal(rollout.podsFollow(atOnce), 'at once');
  });
});
