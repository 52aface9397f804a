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

for (const url of [
  'https://gateway:9091/?key=planted',
  'https://gateway:9091/?key=planted@planted',
  'https://user:planted?planted@gateway:9091',
  'htp:/gateway?key=planted',
  'user:planted@gateway',
  'https://gateway/#planted',
  ['https://user:planted@gateway', 'gateway?key=planted'],
]) {
  test(`what was to be a URL is told without what may be secret in it: ${JSON.stringify(url)}`, () => {
    assert.doesNotMatch(shownValue(url, true), /planted/);
  });
}

test('a value that is no URL is told as it is', () => {
  for (const text of ['0 ? * * *', 'a@b', '']) assert.equal(shownValue(text), JSON.stringify(text));
});

test('a value that is told is one line, and cut where it is long', () => {
  assert.equal(shownValue('a\nb'), '"a\\nb"');
  assert.equal(shownValue('x'.repeat(100)).length, 60);
});
