import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cronMoments, cronProblem } from '../../../lib/schedule/cron.ts';

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
  test(`the cron expression "${expression}" is accepted`, () => {
    assert.equal(cronProblem(expression), undefined);
  });
}

const tooFewOrMany = /5 fields \(minute, hour, .*\), or 6 with seconds first; this one has/;
for (const [expression, expected] of [
  ['', /this one has 0$/],
  ['* * * *', tooFewOrMany],
  ['* * * * * * *', /this one has 7$/],
  ['60 * * * *', /^the minute "60" is invalid: use 0-59/],
  ['60 * * * * *', /^the second "60" is invalid: use 0-59/],
  ['* 24 * * *', /^the hour "24" is invalid: use 0-23/],
  ['* * 0 * *', /^the day of month "0" is invalid: use 1-31/],
  ['* * * 13 *', /^the month "13" is invalid: use 1-12 or jan-dec/],
  ['* * * foo *', /^the month "foo"/],
  ['* * * * 8', /^the day of week "8" is invalid: use 0-7 or sun-sat/],
  ['*/0 * * * *', /^the minute "\*\/0"/],
  ['1,,2 * * * *', /^the minute "1,,2"/],
  ['5- * * * *', /^the minute "5-"/],
  ['a b * * *', /^the minute "a" .*; the hour "b" /],
  ['*/90 * * * *', /^the minute "\*\/90" has a step of more than 60/],
  ['* */25 * * *', /^the hour "\*\/25" has a step of more than 24/],
  ['0 0 31 2 *', /^none of its months has a day 31$/],
  ['1.5 * * * *', /^"\." is not allowed/],
  ['* * * * *\n', /^"\\n" is not allowed/],
  ['@often', /@hourly$/],
] as const) {
  test(`the cron expression ${JSON.stringify(expression)} is rejected, with the part at fault`, () => {
    assert.match(cronProblem(expression) ?? 'no problem', expected);
  });
}

test('a huge range is rejected before it is expanded in memory', () => {
  assert.match(cronProblem('0-999999999999 * * * *') ?? '', /^the minute "0-999999999999"/);
});

/** The expected moments are those of robfig/cron 3.0.1, the library that runs Kubernetes CronJobs. */
for (const [name, expression, timeZone, from, moments] of [
  [
    'a time in the hour that the clock skips is not due on that day',
    ...(['30 2 * * *', 'Europe/Berlin', '2026-03-27T12:00Z'] as const),
    ['2026-03-28T01:30', '2026-03-30T00:30', '2026-03-31T00:30'],
  ],
  [
    'a time in the hour that the clock repeats is due twice',
    ...(['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z'] as const),
    ['2026-10-25T00:30', '2026-10-25T01:30', '2026-10-26T01:30'],
  ],
  [
    'a half-hourly schedule is due in both of two equal hours',
    ...(['*/30 * * * *', 'Europe/Berlin', '2026-10-25T00:00Z'] as const),
    ['2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30', '2026-10-25T02:00'],
  ],
  [
    'an hourly schedule is due in each hour of a day with 25 hours',
    ...(['0 * * * *', 'America/New_York', '2026-11-01T04:00Z'] as const),
    ['2026-11-01T05:00', '2026-11-01T06:00', '2026-11-01T07:00', '2026-11-01T08:00'],
  ],
  [
    'if day of month and day of week are both restricted, either is enough',
    ...(['0 9 1 * 1', 'UTC', '2026-12-01T00:00Z'] as const),
    ['2026-12-01T09:00', '2026-12-07T09:00', '2026-12-14T09:00', '2026-12-21T09:00'],
  ],
  [
    'a step restricts the day of month',
    ...(['0 9 */10 * mon', 'UTC', '2026-12-01T00:00Z'] as const),
    ['2026-12-01T09:00', '2026-12-07T09:00', '2026-12-11T09:00', '2026-12-14T09:00'],
  ],
  [
    'a range of all days restricts the day of month',
    ...(['0 9 1-31 * 1', 'UTC', '2026-12-01T00:00Z'] as const),
    ['2026-12-01T09:00', '2026-12-02T09:00', '2026-12-03T09:00'],
  ],
  [
    'a step of one does not restrict the day of month',
    ...(['0 9 */1 * 1', 'UTC', '2026-12-01T00:00Z'] as const),
    ['2026-12-07T09:00', '2026-12-14T09:00', '2026-12-21T09:00'],
  ],
  [
    'a question mark does not restrict the day of month',
    ...(['0 9 ? * mon', 'UTC', '2026-12-01T00:00Z'] as const),
    ['2026-12-07T09:00', '2026-12-14T09:00', '2026-12-21T09:00'],
  ],
  [
    'if only the day of month is restricted, the day of week does not matter',
    ...(['0 9 1,15 * *', 'UTC', '2026-12-01T00:00Z'] as const),
    ['2026-12-01T09:00', '2026-12-15T09:00', '2027-01-01T09:00'],
  ],
] as const) {
  test(name, () => {
    assert.deepEqual(next(expression, timeZone, from, moments.length), moments);
  });
}

test('expressions may have seconds, and the start moment itself does not count', () => {
  assert.deepEqual(next('*/20 * * * * *', 'UTC', '2026-01-01T00:00:20Z', 3, 19), [
    '2026-01-01T00:00:40',
    '2026-01-01T00:01:00',
    '2026-01-01T00:01:20',
  ]);
});

test('syntax that a CronJob does not have is due by the rules of the library', () => {
  const from = '2026-01-15T00:00Z';
  assert.deepEqual(next('0 0 L * *', 'UTC', from, 2), ['2026-01-31T00:00', '2026-02-28T00:00']);
  assert.deepEqual(next('0 0 * * 1#2', 'UTC', from, 2), ['2026-02-09T00:00', '2026-03-09T00:00']);
  assert.deepEqual(next('0 22-1 * * *', 'UTC', from, 3), [
    '2026-01-15T01:00',
    '2026-01-15T22:00',
    '2026-01-15T23:00',
  ]);
  assert.deepEqual(next('@weekly', 'UTC', from, 2), ['2026-01-18T00:00', '2026-01-25T00:00']);
});

test('the longest time between two moments is found', () => {
  // The first one is the fifth Saturday of a February. The second one is late because 2100 is not a leap year.
  assert.deepEqual(next('0 0 * 2 6#5', 'UTC', '2076-03-01T00:00Z', 1), ['2116-02-29T00:00']);
  assert.deepEqual(next('0 0 29 2 *', 'UTC', '2096-03-01T00:00Z', 1), ['2104-02-29T00:00']);
});

test('an expression whose moments are always skipped by clock changes is never due', () => {
  const lastSundayOfMarch = cronMoments('30 2 * 3 0L', 'Europe/Berlin');
  assert.equal(lastSundayOfMarch.next(Date.parse('2026-01-01T00:00Z')), Number.POSITIVE_INFINITY);
});

/** The next moments after `from`. By default, they are cut to minutes. */
function next(expression: string, timeZone: string, from: string, count: number, length = 16) {
  const moments = cronMoments(expression, timeZone);
  let at = Date.parse(from);
  return Array.from({ length: count }, () => {
    at = moments.next(at);
    return new Date(at).toISOString().slice(0, length);
  });
}
