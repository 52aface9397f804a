import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { workloadEntry } from '../../../../lib/kubernetes/kinds.ts';
import { phaseOf, type Spec, type Status, state } from './rollout-states.ts';

const kind = 'Service.v1.serving.knative.dev';
const { rollout, whyNotRestarted } = workloadEntry(kind);
const ready: Status = {
  ...{ latestCreatedRevisionName: 'web-2', latestReadyRevisionName: 'web-2' },
  conditions: [
    { type: 'Ready', status: 'True' },
    { type: 'ConfigurationsReady', status: 'True' },
  ],
};

suite('a Service of Knative', () => {
  test('is healthy once its newest revision is ready', () => {
    assert.equal(phaseOf(kind, {}, ready), 'healthy');
    assert.equal(phaseOf(kind, {}, { ...ready, observedGeneration: 1 }), 'unfinished');
    assert.equal(phaseOf(kind, {}, { ...ready, latestReadyRevisionName: 'web-1' }), 'unfinished');
    assert.equal(phaseOf(kind, {}, {}), 'unfinished');
    assert.equal(phaseOf(kind, {}, { ...ready, conditions: [] }), 'unfinished');
  });

  test('has failed if its configuration is not ready', () => {
    const lastTransitionTime = '2026-11-30T07:00:00Z';
    const conditions = [{ type: 'ConfigurationsReady', status: 'False', lastTransitionTime }];
    assert.deepEqual(state(kind, {}, { conditions }), {
      ...{ phase: 'unfinished', failure: 'said' },
      saidAt: Date.parse(lastTransitionTime),
    });
    const timeless = [{ type: 'ConfigurationsReady', status: 'False' }];
    assert.ok(Number.isNaN(state(kind, {}, { conditions: timeless }).saidAt));
  });

  test('with traffic to an earlier revision keeps the Pods of that revision, and its state proves nothing', () => {
    const pinned: Spec = { traffic: [{ revisionName: 'web-1', percent: 100 }] };
    assert.equal(phaseOf(kind, pinned, ready), 'inert');
    assert.ok(rollout.keepsSomePods(pinned));
    assert.deepEqual(rollout.blockersOfSpec(pinned), [
      'its traffic is pinned to revision "web-1", whose Pods keep their template',
    ]);
    for (const target of [
      { latestRevision: true, percent: 100 },
      { revisionName: 'web-1', percent: 0 },
      {},
    ]) {
      assert.equal(phaseOf(kind, { traffic: [target] }, ready), 'healthy');
    }
  });

  test('with a named template is not written', () => {
    const why = (name?: string) =>
      whyNotRestarted?.({ spec: { template: { metadata: { name } } } });
    assert.match(why('web-1') ?? '', /has the name "web-1".*remove spec\.template\.metadata\.name/);
    assert.equal(why(''), undefined);
    assert.equal(why(), undefined);
  });

  test('reports no numbers of Pods', () => {
    assert.equal(rollout.isReported, false);
    assert.equal(rollout.podsFollow({}), 'at once');
    assert.equal(rollout.hasNoPods({}), false);
    assert.deepEqual(rollout.blockersOfStatus({}, rollout.progress({})), []);
  });
});
