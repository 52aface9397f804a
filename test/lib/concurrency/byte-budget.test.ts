import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteBudget } from '../../../lib/concurrency/byte-budget.ts';

test('a single group gets half of the bytes, and later groups find some left', () => {
  const budget = new ByteBudget(1024);
  let taken = 0;
  while (budget.take('greedy', 16)) taken += 16;
  assert.equal(taken, 512);
  assert.equal(budget.take('second', 128), true);
  assert.equal(budget.take('third', 128), true);
  budget.give('greedy', 512);
  assert.equal(budget.take('fourth', 256), true);
});

test('at most all bytes are in use, and returned bytes can be used again', () => {
  const step = fc.record({
    group: fc.constantFrom('a', 'b', 'c'),
    bytes: fc.integer({ min: 1, max: 300 }),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const budget = new ByteBudget(1000);
      const held: { group: string; bytes: number }[] = [];
      for (const { group, bytes } of steps) {
        if (budget.take(group, bytes)) held.push({ group, bytes });
        assert.ok(held.reduce((sum, each) => sum + each.bytes, 0) <= 1000);
      }
      for (const { group, bytes } of held) budget.give(group, bytes);
      assert.equal(budget.take('d', 500), true);
    }),
  );
});
