import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ask, candidate, running } from './asked-queue.ts';
import { minutes } from './rules.ts';

suite('without limits and orders', () => {
  test('all may start, the oldest change first, then by namespace, kind and name', () => {
    const candidates = [
      candidate('shop/b'),
      candidate('shop/a'),
      candidate('zoo/old', { since: minutes(-60) }),
      candidate('bar/c'),
    ];
    const { starts, waiting } = ask({ candidates, members: [running('shop/x')] });
    assert.deepEqual(starts, ['zoo/old', 'bar/c', 'shop/a', 'shop/b']);
    assert.deepEqual(waiting, {});
  });
});

suite('the queue', () => {
  test('starts a workload that waits neither for a lower order nor for a place, and says why others wait', () => {
    const { starts, waiting, after } = ask({
      all: '2',
      members: [running('zoo/x')],
      candidates: [candidate('shop/a'), candidate('shop/b'), candidate('shop/late', { order: 1 })],
    });
    assert.deepEqual(starts, ['shop/a']);
    assert.match(waiting['shop/b'] ?? '', /^as many rollouts are under way/);
    assert.match(waiting['shop/late'] ?? '', /^workloads of a lower order go first/);
    assert.equal(after, 'shop');
  });

  test('gives a place to another workload if a waiting order does not use it', () => {
    const candidates = [
      candidate('shop/first', { since: minutes(-9) }),
      candidate('shop/second', { order: 1, since: minutes(-8) }),
      candidate('shop/other', { gets: ['Secret/db'] }),
    ];
    assert.deepEqual(ask({ all: '2', candidates }).starts, ['shop/first', 'shop/other']);
  });
});
