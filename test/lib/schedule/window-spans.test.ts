import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Window } from '../../../lib/schedule/window.ts';
import { readWindows } from '../../../lib/schedule/window-list.ts';
import { spansOf } from '../../../lib/schedule/window-spans.ts';

const noon = Date.parse('2026-11-30T12:00:00Z');
const hourMs = 3_600_000;

function windowOf(schedule: string, duration: string): Window {
  const windows = readWindows([{ kind: 'allow', schedule, duration }], 'UTC', 'a test');
  if ('problem' in windows || windows[0] === undefined) throw new Error('not a window');
  return windows[0];
}

function spans(schedule: string, duration: string, hours: number): string[] {
  const found = spansOf(windowOf(schedule, duration), noon, noon + hours * hourMs);
  return found.map(({ from, to }) =>
    [from, to].map((time) => new Date(time).toISOString().slice(5, 16)).join(' to '),
  );
}

suite('the spans of a window', () => {
  test('are all times when it is open, from opening to end', () => {
    assert.deepEqual(spans('0 2 * * *', '4h', 48), [
      '12-01T02:00 to 12-01T06:00',
      '12-02T02:00 to 12-02T06:00',
    ]);
  });

  test('include one that began before, with its real opening', () => {
    assert.deepEqual(spans('0 11 * * *', '2h', 12), ['11-30T11:00 to 11-30T13:00']);
    assert.deepEqual(spans('0 10 * * *', '2h', 12), []);
  });

  test('are one span if openings touch or overlap', () => {
    assert.deepEqual(spans('*/15 13 * * *', '15m', 12), ['11-30T13:00 to 11-30T14:00']);
    assert.deepEqual(spans('*/15 13 * * *', '20m', 12), ['11-30T13:00 to 11-30T14:05']);
  });

  test('are at most 500, because a page shows no more', () => {
    assert.equal(spans('*/2 * * * *', '1m', 168).length, 500);
  });

  test('are none if it does not open', () => {
    assert.deepEqual(spans('0 0 1 1 *', '1h', 168), []);
  });
});
