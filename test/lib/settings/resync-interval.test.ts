import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intervalProblem } from '../../../lib/settings/resync-interval.ts';
import { durationMs } from '../../../lib/text/duration.ts';

for (const [interval, seconds] of [
  ['1s', 1],
  ['45s', 45],
  ['90s', 90],
  ['7m', 420],
  ['1h30m', 5_400],
  ['90m', 5_400],
  ['1h0m0s', 3_600],
  ['5h', 18_000],
  ['25h', 90_000],
  ['1d', 86_400],
  ['1d2h3m4s', 93_784],
  ['7d', 604_800],
  ['168h', 604_800],
] as const) {
  test(`the interval ${interval} is accepted, and is ${seconds} s`, () => {
    assert.equal(intervalProblem(interval), undefined);
    assert.equal(durationMs(interval), seconds * 1_000);
  });
}

const form =
  'must be whole numbers of d, h, m and s, from large to small, such as 30s, 7m, 1h30m or 1d';
const tooLong = 'the longest interval is 7d; for longer intervals use schedule';
for (const [interval, expected] of [
  ['0s', 'the shortest interval is 1s'],
  ['0d0h', 'the shortest interval is 1s'],
  ['604801s', tooLong],
  ['8d', tooLong],
  ['99999999999999999999d', tooLong],
  [`${'9'.repeat(400)}h`, tooLong],
  ['', form],
  ['5', form],
  ['5 m', form],
  ['-5m', form],
  ['1.5h', form],
  ['500ms', form],
  ['5m1h', form],
  ['5m5m', form],
  ['5M', form],
  ['@every 5m', form],
] as const) {
  test(`the interval "${interval.slice(0, 30)}" is rejected with the allowed values`, () => {
    assert.equal(intervalProblem(interval), expected);
  });
}
