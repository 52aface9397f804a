import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { historyPoints, spread } from '../../../../jobs/ui/page/history-points.ts';
import type { Revision } from '../../../../lib/explanation/revisions.ts';

const now = Date.parse('2026-11-30T12:00:00Z');
const hour = 3_600_000;

function revision(number: number, hoursAgo: number, some: Partial<Revision> = {}): Revision {
  return {
    ...{ revision: number, name: `web-${number}`, rolledBack: false, current: false },
    createdAt: new Date(now - hoursAgo * hour).toISOString(),
    ...{ configHash: 'a', changed: [], what: '' },
    ...some,
  };
}

const pointsOf = (...newestFirst: readonly Revision[]) =>
  historyPoints(newestFirst, now).map(({ time, isEstimated, isNewConfiguration }) => [
    (now - time) / hour,
    isEstimated,
    isNewConfiguration,
  ]);

suite('the points of a history', () => {
  test('are the revisions by time, oldest first, with a mark for each new configuration', () => {
    const revisions = [
      revision(3, 1, { configHash: 'b' }),
      revision(2, 4, { configHash: 'b' }),
      revision(1, 9),
    ];
    assert.deepEqual(pointsOf(...revisions), [
      [9, false, false],
      [4, false, true],
      [1, false, false],
    ]);
  });

  test('lie between their neighbors if the time of a rollback is unknown', () => {
    const rolledBack = { rolledBack: true };
    const inTheMiddle = [revision(4, 2), revision(3, 20, rolledBack), revision(2, 6)];
    assert.deepEqual(pointsOf(...inTheMiddle)[1], [4, true, false]);
    const last = [revision(3, 20, rolledBack), revision(2, 6)];
    assert.deepEqual(pointsOf(...last)[1], [3, true, false]);
    assert.deepEqual(pointsOf(revision(2, 0, { createdAt: null })), [[0, true, false]]);
  });
});

suite('positions that are spread', () => {
  test('stay where they are if they are far enough apart', () => {
    assert.deepEqual(spread([0, 40, 100], 20, 100), [0, 40, 100]);
  });

  test('move apart, but stay on the line and in order', () => {
    assert.deepEqual(spread([0, 1, 2, 100], 20, 100), [0, 20, 40, 100]);
    assert.deepEqual(spread([0, 99, 100], 20, 100), [0, 80, 100]);
    assert.deepEqual(spread([100, 100, 100], 20, 100), [60, 80, 100]);
  });

  test('share the line equally if there is too little space', () => {
    assert.deepEqual(spread([0, 0, 0, 0, 0], 50, 100), [0, 25, 50, 75, 100]);
    assert.deepEqual(spread([30], 50, 100), [30]);
  });
});
