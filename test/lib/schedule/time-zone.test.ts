import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeZoneProblem } from '../../../lib/schedule/time-zone.ts';

test('a time zone has an IANA name', () => {
  for (const name of ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'GMT']) {
    assert.equal(timeZoneProblem(name), undefined, name);
  }
});

test('an invalid time zone is rejected, with the most similar name', () => {
  for (const name of ['', '+02:00', 'Mars/Olympus', '/etc/passwd']) {
    assert.match(timeZoneProblem(name) ?? '', /^must be the IANA name of a time zone/, name);
  }
  assert.match(timeZoneProblem('Europe/Berlim') ?? '', /; did you mean Europe\/Berlin\?$/);
});
