import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { nextOfSeries, seriesOf } from '../../../lib/kubernetes/event-series.ts';

const now = new Date('2026-11-30T09:00:00Z');
const lastObservedTime = '2026-11-30T09:00:00.000000Z';

suite('the series of an event', () => {
  test('begins with a count of two, because the Event itself is the first', () => {
    assert.deepEqual(nextOfSeries(undefined, now), { series: { count: 2, lastObservedTime } });
  });

  test('continues with the next number', () => {
    assert.deepEqual(nextOfSeries(7, now), { series: { count: 8, lastObservedTime } });
  });

  test('can be repeated without counting', () => {
    assert.deepEqual(seriesOf(7, now), { series: { count: 7, lastObservedTime } });
  });
});
