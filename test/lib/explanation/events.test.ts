import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { eventsToShow } from '../../../lib/explanation/events.ts';

const at = (minute: number) => `2026-11-30T10:0${minute}:00.000000Z`;

suite('the Events that are shown', () => {
  test('are the last five, newest first', () => {
    const events = [3, 1, 6, 2, 5, 4].map((minute) => ({ eventTime: at(minute) }));
    const shown = eventsToShow(events).map(({ time }) => time);
    assert.deepEqual(shown, [6, 5, 4, 3, 2].map(at));
  });

  test('have the time and the count of their series', () => {
    const series = { count: 3, lastObservedTime: at(9) };
    const event = { eventTime: at(1), type: 'Warning', reason: 'Failed', note: 'a note' };
    assert.deepEqual(
      eventsToShow([
        { ...event, series },
        { ...event, eventTime: at(8) },
      ]),
      [
        { time: at(9), type: 'Warning', reason: 'Failed', count: 3, note: 'a note' },
        { time: at(8), type: 'Warning', reason: 'Failed', count: 1, note: 'a note' },
      ],
    );
  });

  test('leave out missing fields, and come last without a time', () => {
    const bare = { time: null, type: '', reason: '', count: 1, note: '' };
    assert.deepEqual(eventsToShow([{}, { eventTime: at(1) }]), [{ ...bare, time: at(1) }, bare]);
  });
});
