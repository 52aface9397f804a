import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Candidate, Member } from '../../../../lib/rules/rollout-policy/queue-state.ts';
import { ask, candidate, left, member, rolling, running } from './asked-queue.ts';
import { minutes } from './rules.ts';

suite('orders', () => {
  const first = candidate('shop/first', { order: -1 });
  const second = candidate('shop/second');
  const third = candidate('shop/third', { order: 5 });

  test('let the lower one go first, and name it', () => {
    const { starts, waiting } = ask({ candidates: [third, second, first] });
    assert.deepEqual(starts, ['shop/first']);
    assert.deepEqual(waiting, {
      'shop/second':
        'workloads of a lower order go first, and Deployment/first (order -1) is not healthy with it yet',
      'shop/third':
        'workloads of a lower order go first, and Deployment/second (order 0) is not healthy with it yet',
    });
  });

  test('wait until the lower one is healthy with the same version', () => {
    const members = [running('shop/first', { order: -1 })];
    assert.deepEqual(ask({ candidates: [second], members }).starts, []);
    const finished = [
      running('shop/first', { order: -1, state: { ...rolling, phase: 'finished' } }),
    ];
    assert.deepEqual(ask({ candidates: [second], members: finished }).starts, []);
    const healthy = [{ ...member('shop/first'), order: -1 }];
    assert.deepEqual(ask({ candidates: [second], members: healthy }).starts, ['shop/second']);
    const other = [running('shop/first', { order: -1, has: 'uid,6,2026-11-30T05:00:00Z' })];
    assert.deepEqual(ask({ candidates: [second], members: other }).starts, ['shop/second']);
  });

  test('wait no longer than a rollout may take, and not for a failed workload', () => {
    const late = [running('shop/first', { order: -1, at: minutes(-11) })];
    assert.deepEqual(ask({ candidates: [second], members: late }).starts, ['shop/second']);
    const failed = [running('shop/first', { order: -1, state: { ...rolling, failure: 'said' } })];
    assert.deepEqual(ask({ candidates: [second], members: failed }).starts, ['shop/second']);
  });

  test('do not wait for a workload that was failing before it got the version', () => {
    const innocent: Member = { ...member('shop/first'), order: -1 };
    const underWay = { startedAt: minutes(-1), state: rolling, given: new Map() };
    const { starts } = ask({ candidates: [second], members: [{ ...innocent, underWay }] });
    assert.deepEqual(starts, ['shop/second']);
  });

  test('do not wait for a lower one that is held or cannot be handled, and name it', () => {
    const { starts, notes } = ask({
      candidates: [second],
      left: [left('shop/first', -1, 'Paused'), left('shop/later', 3, 'Paused')],
    });
    assert.deepEqual(starts, ['shop/second']);
    assert.deepEqual(notes, [
      'it does not wait for Deployment/first of order -1, which is not rolled now (Paused)',
    ]);
    const more = ask({
      candidates: [second],
      left: [left('shop/b', -1, 'Paused'), left('shop/a', -2, 'MissingSource')],
    });
    assert.deepEqual(more.notes, [
      'it does not wait for Deployment/a of order -2, which is not rolled now (MissingSource), nor for 1 more',
    ]);
  });

  test('only count among workloads of one namespace with the same change', () => {
    const other = candidate('shop/other', { order: -9, gets: ['Secret/db'] });
    const elsewhere = candidate('zoo/first', { order: -9 });
    const { starts } = ask({ candidates: [second, other, elsewhere] });
    assert.deepEqual(starts, ['shop/other', 'shop/second', 'zoo/first']);
  });

  test('that are equal start together, within the limits', () => {
    const candidates = [...['a', 'b', 'c'].map((each) => candidate(`shop/${each}`)), third];
    assert.deepEqual(ask({ candidates }).starts, ['shop/a', 'shop/b', 'shop/c']);
    assert.deepEqual(ask({ candidates, all: '2' }).starts, ['shop/a', 'shop/b']);
  });

  test('name the workload that starts last, so that the sentence rarely changes', () => {
    const lower = ['a', 'b', 'c'].map((each) => candidate(`shop/${each}`));
    const why = (candidates: Candidate[], members: Member[] = []) =>
      ask({ candidates: [...candidates, third], members, all: '1' }).waiting['shop/third'];
    const said = why(lower);
    assert.match(said ?? '', /Deployment\/c \(order 0\)/);
    assert.equal(why(lower.slice(1), [running('shop/a')]), said);
    assert.equal(why(lower.slice(2), [running('shop/b')]), said);
    assert.equal(why([], [running('shop/b', { at: minutes(-3) }), running('shop/c')]), said);
  });
});
