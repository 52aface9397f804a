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
  test(`a reported value contains no user and password: ${JSON.stringify(url)}`, () => {
    const shown = shownValue(url);
    assert.doesNotMatch(shown, /user|pass|word/);
    assert.match(shown, /\/\/\*\*\*@gateway:9091"$/);
  });
}

for (const url of [
  'https://gateway:9091/?key=planted',
  'https://gateway:9091/?key=planted@planted',
  'https://user:planted?planted@gateway:9091',
  'htp:/gateway?key=planted',
  'user:planted@gateway',
  'https://gateway/#planted',
  ['https://user:planted@gateway', 'gateway?key=planted'],
]) {
  test(`an invalid URL is reported without parts that may be secret: ${JSON.stringify(url)}`, () => {
    assert.doesNotMatch(shownValue(url, true), /planted/);
  });
}

test('a value that is not a URL is reported unchanged', () => {
  for (const text of ['0 ? * * *', 'a@b', '']) assert.equal(shownValue(text), JSON.stringify(text));
});

test('a reported value is one line, and cut if it is long', () => {
  assert.equal(shownValue('a\nb'), '"a\\nb"');
  assert.equal(shownValue('x'.repeat(100)).length, 60);
});
