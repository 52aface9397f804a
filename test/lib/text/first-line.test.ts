import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstLine } from '../../../lib/text/first-line.ts';

test('the first line of an error is its message, without the lines after it', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [new Error('no such file\n    at stack'), 'no such file'],
    ['  \n one \ntwo', 'one '],
    ['', ''],
    [undefined, 'undefined'],
    [{ toString: () => 'said\nmore' }, 'said'],
  ];
  for (const [error, line] of cases) assert.equal(firstLine(error), line);
});
