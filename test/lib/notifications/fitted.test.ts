import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitted, type ShownDigest } from '../../../lib/notifications/fitted.ts';
import { digest, entry } from './examples.ts';

const sources = ['a', 'b', 'c', 'd', 'e'];
const fifty = digest({ entries: Array.from({ length: 50 }, () => entry({ sources })) });
const figures = ({ entries, leftOut }: ShownDigest) => ({
  entries: entries.length,
  leftOut,
  sources: entries[0]?.sources.length,
  sourcesLeftOut: entries[0]?.sourcesLeftOut,
});
const size = ({ entries }: ShownDigest) =>
  entries.length + entries.reduce((sum, each) => sum + each.sources.length, 0);
const within = (most: number) =>
  figures(
    fitted(
      fifty,
      20,
      (it) => it,
      (it) => size(it) <= most,
    ),
  );

test('a message shows at most twenty entries, and counts the others', () => {
  assert.deepEqual(within(1000), { entries: 20, leftOut: 30, sources: 5, sourcesLeftOut: 0 });
});

test('if it does not fit, a message first loses names of sources, then entries from the end', () => {
  assert.deepEqual(within(100), { entries: 20, leftOut: 30, sources: 3, sourcesLeftOut: 2 });
  assert.deepEqual(within(40), { entries: 20, leftOut: 30, sources: 1, sourcesLeftOut: 4 });
  assert.deepEqual(within(20), { entries: 20, leftOut: 30, sources: 0, sourcesLeftOut: 5 });
  assert.deepEqual(within(7), { entries: 7, leftOut: 43, sources: 0, sourcesLeftOut: 5 });
});

test('a message without entries is sent even if nothing fits', () => {
  assert.deepEqual(within(-1).leftOut, 50);
});

test('a message for people begins with fewer sources', () => {
  const made = fitted(
    fifty,
    3,
    (it) => it,
    () => true,
  );
  assert.deepEqual(figures(made), { entries: 20, leftOut: 30, sources: 3, sourcesLeftOut: 2 });
});
