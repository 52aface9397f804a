import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { overviewOf } from '../../../jobs/ui/overview.ts';
import { defaultSettings, type RolloutSettings } from '../../../lib/settings/schema.ts';
import { statusReport } from '../output/status-report.ts';

const now = Date.parse('2026-11-30T12:00:00Z');
const state = { version: 7, report: statusReport() };

const overview = (some: Partial<RolloutSettings>) => {
  const rollouts = { ...defaultSettings.rollouts, ...some };
  return overviewOf(state, { ...defaultSettings, rollouts }, now);
};

suite('the overview', () => {
  test('has the report and its version', () => {
    assert.deepEqual(overview({}), { ...state, windows: [], maxConcurrent: null });
  });

  test('has the windows of the settings with their times within the next week', () => {
    const given = {
      kind: 'deny',
      schedule: '0 8 * * 2',
      duration: '2h',
      timeZone: 'Europe/Berlin',
    };
    const from = Date.parse('2026-12-01T07:00:00Z');
    const spans = [{ from, to: from + 7_200_000 }];
    assert.deepEqual(overview({ windows: [given] }).windows, [{ ...given, spans }]);
  });

  test('has the pause of the settings until it ends', () => {
    assert.deepEqual(overview({ paused: true }).pause, { until: null });
    const until = '2026-12-01T00:00:00Z';
    assert.deepEqual(overview({ paused: until }).pause, { until: Date.parse(until) });
    assert.equal(overview({ paused: '2026-11-30T00:00:00Z' }).pause, undefined);
  });

  test('has the limit of rollouts at the same time', () => {
    assert.equal(overview({ maxConcurrent: '10%' }).maxConcurrent, '10%');
    assert.equal(overview({ maxConcurrent: 3 }).maxConcurrent, '3');
  });
});
