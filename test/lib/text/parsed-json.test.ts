import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsedJson } from '../../../lib/text/parsed-json.ts';

test('a text is read as JSON, and an invalid one is undefined', () => {
  const cases: readonly (readonly [string | undefined, unknown])[] = [
    ['{"a":[1]}', { a: [1] }],
    ['null', null],
    ['"a"', 'a'],
    ['', undefined],
    ['{', undefined],
    ['undefined', undefined],
    [undefined, undefined],
  ];
  for (const [text, value] of cases) assert.deepEqual(parsedJson(text), value);
});
