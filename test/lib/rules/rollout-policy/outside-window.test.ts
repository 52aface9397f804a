import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { outsideWindow } from '../../../../lib/rules/rollout-policy/outside-window.ts';
import { readWindows } from '../../../../lib/schedule/window-list.ts';
import { change, now } from './rules.ts';

const from = 'annotation a/rollout-windows of namespace shop';
const held = (...given: object[]) => {
  const windows = readWindows(given, 'Europe/Berlin', from);
  assert.ok(!('problem' in windows), JSON.stringify(windows));
  return outsideWindow(change, { windows }, { now });
};

suite('windows of rollouts', () => {
  test('hold outside of the allow windows, until one opens', () => {
    assert.deepEqual(held({ kind: 'allow', schedule: '0 22 * * *', duration: '1h' }), {
      reason: 'OutsideWindow',
      sentence:
        'its configuration changed (ConfigMap/app), but none of the allow windows of annotation a/rollout-windows of namespace shop is open: nothing is written until 2026-11-30T21:00:00Z (2026-11-30 22:00:00 Europe/Berlin), then it restarts once with the current configuration',
      until: Date.parse('2026-11-30T21:00:00Z'),
    });
  });

  test('hold within a deny window, until it closes', () => {
    const schedule = '0 6 * * 1-5';
    const hold = held({ kind: 'deny', schedule, duration: '8h', timeZone: 'UTC' });
    assert.match(
      hold?.sentence ?? '',
      /but a deny window of annotation .* is open \(8h from 0 6 \* \* 1-5, UTC\): nothing is written until 2026-11-30T14:00:00Z, then/,
    );
  });

  test('hold without an end if no opening is found', () => {
    const hold = held({ kind: 'deny', schedule: '* * * * *', duration: '1h' });
    assert.match(hold?.sentence ?? '', /nothing is written until a window opens, then/);
    assert.equal(hold?.until, undefined);
  });

  test('hold nothing within an allow window, or if there are none', () => {
    assert.equal(held({ kind: 'allow', schedule: '0 * * * *', duration: '1h' }), undefined);
    assert.equal(held(), undefined);
    assert.equal(outsideWindow(change, {}, { now }), undefined);
  });
});
