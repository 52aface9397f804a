import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { distanceWords, localOffset, timeWords } from '../../../../jobs/ui/page/times.ts';

const noon = new Date(2026, 10, 30, 12, 0).getTime();
const day = 86_400_000;

suite('times for people', () => {
  test('are in local time, and as short as possible', () => {
    assert.equal(timeWords(new Date(2026, 10, 30, 0, 5).getTime(), noon), '00:05');
    assert.equal(timeWords(new Date(2026, 11, 1, 4, 0).getTime(), noon), 'Tue, Dec 1, 04:00');
    assert.equal(timeWords(new Date(2025, 0, 2, 4, 0).getTime(), noon), 'Jan 2, 2025, 04:00');
  });

  test('can be distances from now', () => {
    assert.equal(distanceWords(noon - 90_000, noon), '90s ago');
    assert.equal(distanceWords(noon + 2 * day, noon), 'in 2d');
  });

  test('use the UTC offset of the local clock', () => {
    assert.equal(new Date(noon + localOffset(noon)).toISOString(), '2026-11-30T12:00:00.000Z');
  });
});
