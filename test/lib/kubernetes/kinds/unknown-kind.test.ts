import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workloadEntry } from '../../../../lib/kubernetes/kinds.ts';

test('an unknown kind has no known state, blockers or restarts', () => {
  const { rollout, pods } = workloadEntry('Widget.v1.example.com');
  assert.equal(rollout.isReported, false);
  assert.equal(rollout.podsFollow({}), 'unknown');
  assert.equal(rollout.hasNoPods({ replicas: 0 }), false);
  assert.equal(rollout.keepsSomePods({}), false);
  assert.deepEqual(rollout.blockersOfSpec({ paused: true }), []);
  assert.deepEqual(rollout.blockersOfStatus({}, rollout.progress({})), []);
  assert.deepEqual(rollout.state({}), { phase: 'inert', failure: 'not known' });
  assert.deepEqual(pods, { controlledBy: 'unknown' });
});
