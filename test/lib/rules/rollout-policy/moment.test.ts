import assert from 'node:assert/strict';
import { test } from 'node:test';
import { momentText } from '../../../../lib/rules/rollout-policy/moment.ts';
import { now } from './rules.ts';

test('a moment is shown in UTC, and in the local time of its zone if that is another', () => {
  assert.equal(momentText(now, 'UTC'), '2026-11-30T07:00:00Z');
  assert.equal(
    momentText(now, 'Asia/Kathmandu'),
    '2026-11-30T07:00:00Z (2026-11-30 12:45:00 Asia/Kathmandu)',
  );
  assert.equal(
    momentText(Date.parse('2026-10-25T00:30:00Z'), 'Europe/Berlin'),
    '2026-10-25T00:30:00Z (2026-10-25 02:30:00 Europe/Berlin)',
  );
});
