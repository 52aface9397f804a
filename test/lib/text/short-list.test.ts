import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortList } from '../../../lib/text/short-list.ts';

test('a short list has three entries, and says how many more there are', () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [[], ''],
    [['a'], 'a'],
    [['a', 'b', 'c'], 'a, b, c'],
    [['a', 'b', 'c', 'd'], 'a, b, c and 1 more'],
    [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more'],
  ];
  for (const [entries, text] of cases) assert.equal(shortList(entries), text);
});
