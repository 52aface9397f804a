import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { positionOf, ticksOf } from '../../../../jobs/ui/page/time-scale.ts';

const hour = 3_600_000;
const day = 24 * hour;
const noon = Date.parse('2026-11-30T12:00:00Z');
const scale = { from: noon, to: noon + 6 * hour, width: 600 };

const ticks = (hours: number, offsetMs = 0) =>
  ticksOf({ ...scale, from: noon + 60_000, to: noon + hours * hour }, 6, offsetMs).map((tick) =>
    new Date(tick).toISOString().slice(5, 16),
  );

suite('a time scale', () => {
  test('places times in proportion, and times outside the scale at its ends', () => {
    assert.equal(positionOf(noon + 3 * hour, scale), 300);
    assert.equal(positionOf(noon - day, scale), 0);
    assert.equal(positionOf(noon + day, scale), 600);
    assert.equal(positionOf(Number.POSITIVE_INFINITY, scale), 600);
  });

  test('without a length places every time at its end', () => {
    assert.equal(positionOf(noon, { ...scale, to: noon }), 600);
  });

  test('has round times, and no more than fit', () => {
    assert.deepEqual(ticks(4), ['11-30T13:00', '11-30T14:00', '11-30T15:00', '11-30T16:00']);
    assert.deepEqual(ticks(24), ['11-30T18:00', '12-01T00:00', '12-01T06:00', '12-01T12:00']);
    assert.ok(ticks(24 * 365).length <= 6);
  });

  test('has times that are round in local time', () => {
    const india = 5.5 * hour;
    assert.deepEqual(ticks(24, india), [
      '11-30T12:30',
      '11-30T18:30',
      '12-01T00:30',
      '12-01T06:30',
    ]);
  });
});
