import assert from 'node:assert/strict';
import { test } from 'node:test';
import { microTime } from '../../../lib/text/micro-time.ts';

test('a MicroTime has six digits of a second, in UTC', () => {
  assert.equal(
    microTime(new Date(Date.UTC(2026, 10, 30, 9, 5, 7, 42))),
    '2026-11-30T09:05:07.042000Z',
  );
});
