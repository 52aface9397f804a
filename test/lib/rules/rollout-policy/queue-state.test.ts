import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { byName } from '../../../../lib/kubernetes/names.ts';
import { byAge } from '../../../../lib/rules/rollout-policy/queue-state.ts';
import { candidate } from './asked-queue.ts';
import { minutes } from './rules.ts';

suite('candidates', () => {
  const all = [
    candidate('shop/b'),
    candidate('shop/a'),
    candidate('zoo/old', { since: minutes(-60) }),
    candidate('bar/c'),
  ];
  const names = (list: typeof all) => list.map(({ name }) => name);

  test('are ordered by namespace, kind and name', () => {
    assert.deepEqual(names(all.toSorted(byName)), ['c', 'a', 'b', 'old']);
  });

  test('are ordered by age in the first place', () => {
    assert.deepEqual(names(all.toSorted(byAge)), ['old', 'c', 'a', 'b']);
  });
});
