import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queued } from '../../../../lib/rules/rollout-policy/queued.ts';
import { change } from './rules.ts';

test('a workload that waits is held, and one that may start is not', () => {
  const wait = { why: 'all places are taken', end: 'one is free' };
  assert.deepEqual(queued(change, {}, { wait }), {
    reason: 'Queued',
    sentence:
      'its configuration changed (ConfigMap/app), but all places are taken: nothing is written until one is free, then it restarts once with the current configuration',
  });
  assert.equal(queued(change, {}, {}), undefined);
});
