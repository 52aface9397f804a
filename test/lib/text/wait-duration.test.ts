import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitProblem, windowDurationProblem } from '../../../lib/text/wait-duration.ts';

test('a wait lasts from zero to a week', () => {
  for (const text of ['0s', '30s', '1h30m', '7d']) assert.equal(waitProblem(text), undefined, text);
  for (const text of ['', '30', '1.5h', '-1s', '30 s', 'P1D']) {
    assert.match(waitProblem(text) ?? '', /^must be whole numbers of d, h, m and s/, text);
  }
  assert.equal(waitProblem('7d1s'), 'the longest wait is 7d');
});

test('a window lasts from a minute to a leap year', () => {
  for (const text of ['1m', '60s', '8h', '366d']) {
    assert.equal(windowDurationProblem(text), undefined, text);
  }
  for (const text of ['0s', '59s', '367d']) {
    assert.equal(windowDurationProblem(text), 'a window lasts from 1m to 366d', text);
  }
});
