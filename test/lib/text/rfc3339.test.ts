import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTime, timeText, writtenTime } from '../../../lib/text/rfc3339.ts';

test('a time is written in whole seconds of UTC', () => {
  assert.equal(timeText(Date.parse('2026-11-30T08:00:00.999+01:00')), '2026-11-30T07:00:00Z');
});

test('a text is a time if it has a date, a time and a zone', () => {
  for (const text of [
    ...['2026-11-30T07:00:00Z', '2026-11-30T07:00:00.123456Z', '2026-11-30T07:00:00-03:30'],
    '2026-02-31T07:00:00Z',
  ]) {
    assert.ok(isTime(text), text);
  }
  for (const other of [
    ...['', '2026-11-30', '2026-11-30T07:00:00', '2026-11-30 07:00:00Z', '2026-11-30T07:00Z'],
    ...[
      '2026-11-30T07:00:00z',
      ' 2026-11-30T07:00:00Z',
      '2026-11-30T07:00:00Z\n',
      7,
      null,
      undefined,
    ],
  ]) {
    assert.ok(!isTime(other), String(other));
  }
});

test('only times in exactly this format are read again', () => {
  assert.equal(writtenTime('2026-11-30T07:00:00Z'), Date.parse('2026-11-30T07:00:00Z'));
  for (const other of [
    ...['2026-11-30T07:00:00.5Z', '2026-11-30T07:00:00+00:00', '2026-02-31T07:00:00Z'],
    ...['0000-01-01T00:00:00+05:00', '9999-12-31T23:59:59-05:00', '', 7, undefined],
  ]) {
    assert.equal(writtenTime(other), undefined, String(other));
  }
});
