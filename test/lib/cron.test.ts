import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronProblem } from '../../lib/cron.ts';

for (const expression of [
  '* * * * *',
  '*/30 * * * * *',
  '0 0 * * *',
  '15,45 8-18/2 * jan-mar mon-fri',
  '0 22-2 1,L * 7',
  '*/60 */24 * * *',
  '  5 4  * * * ',
  '@hourly',
]) {
  test(`the cron expression "${expression}" is taken`, () => {
    assert.equal(cronProblem(expression), undefined);
  });
}

const tooFewOrMany = /5 fields \(minute, hour, .*\), or 6 with seconds first; this has/;
for (const [expression, expected] of [
  ['', /this has 0$/],
  ['* * * *', tooFewOrMany],
  ['* * * * * * *', /this has 7$/],
  ['60 * * * *', /^the minute "60" must be made of 0-59/],
  ['60 * * * * *', /^the second "60" must be made of 0-59/],
  ['* 24 * * *', /^the hour "24" must be made of 0-23/],
  ['* * 0 * *', /^the day of month "0" must be made of 1-31/],
  ['* * * 13 *', /^the month "13" must be made of 1-12 or jan-dec/],
  ['* * * foo *', /^the month "foo"/],
  ['* * * * 8', /^the day of week "8" must be made of 0-7 or sun-sat/],
  ['*/0 * * * *', /^the minute "\*\/0"/],
  ['1,,2 * * * *', /^the minute "1,,2"/],
  ['5- * * * *', /^the minute "5-"/],
  ['a b * * *', /^the minute "a" .*; the hour "b" /],
  ['*/90 * * * *', /^the minute "\*\/90" has a step of more than the 60/],
  ['* */25 * * *', /^the hour "\*\/25" has a step of more than the 24/],
  ['0 0 31 2 *', /^no month that it names has a day 31$/],
  ['1.5 * * * *', /^"\." has no meaning/],
  ['* * * * *\n', /^"\\n" has no meaning/],
  ['@often', /@hourly$/],
] as const) {
  test(`the cron expression ${JSON.stringify(expression)} is refused, naming what is at fault`, () => {
    assert.match(cronProblem(expression) ?? 'no problem', expected);
  });
}

test('a huge range is refused before it is written out in memory', () => {
  assert.match(cronProblem('0-999999999999 * * * *') ?? '', /^the minute "0-999999999999"/);
});
