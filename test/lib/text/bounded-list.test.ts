import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedList } from '../../../lib/text/bounded-list.ts';

const names = (count: number, length: number): string[] =>
  Array.from({ length: count }, (_, i) => String(i).padEnd(length, 'x'));

test('a list of twenty entries is complete', () => {
  assert.deepEqual(boundedList(names(20, 5)), { listed: names(20, 5), leftOut: 0 });
});

test('of more than twenty entries, the rest is only counted', () => {
  assert.deepEqual(boundedList(names(1000, 5)), { listed: names(20, 5), leftOut: 980 });
});

test('with long entries, fewer are listed, so that the list stays below 2048 bytes', () => {
  assert.deepEqual(boundedList(names(1000, 253)), { listed: names(8, 253), leftOut: 992 });
  assert.deepEqual(boundedList(['x'.repeat(3000), 'y']), { listed: [], leftOut: 2 });
});
