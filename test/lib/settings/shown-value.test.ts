import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownValue } from '../../../lib/settings/shown-value.ts';

for (const url of [
  'https://user:password@gateway:9091',
  'https://user:pass@word@gateway:9091',
  'https://user:pass/word@gateway:9091',
  'https://user:pass word@gateway:9091',
  'https://user:pass"word@gateway:9091',
  'https://user:pass\nword@gateway:9091',
  'ftp://user:password@gateway:9091',
]) {
  test(`a value that is told shows no user and password: ${JSON.stringify(url)}`, () => {
    const shown = shownValue(url);
    assert.doesNotMatch(shown, /user|pass|word/);
    assert.match(shown, /\/\/\*\*\*@gateway:9091"$/);
  });
}

test('a value that is told is one line, and cut where it is long', () => {
  assert.equal(shownValue('a\nb'), '"a\\nb"');
  assert.equal(shownValue('x'.repeat(100)).length, 60);
});
