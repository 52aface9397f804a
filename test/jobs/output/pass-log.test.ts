import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passLog } from '../../../jobs/output/pass-log.ts';
import type { Outcome } from '../../../lib/rules/report.ts';
import type { Clock } from '../../../lib/schedule/clock.ts';
import type { Log } from '../../../lib/telemetry/log.ts';

test('a pass that takes long says every few seconds how far it is', () => {
  let now = 0;
  const clock: Clock = { now: () => now, sleep: async () => {}, wallTime: () => new Date(0) };
  const lines: string[] = [];
  const record = (_: object, message: string): void => {
    lines.push(message);
  };
  const log = { debug: () => {}, info: record, warn: record, error: record } as unknown as Log;
  const outcome: Outcome = {
    kind: 'Deployment',
    namespace: 'shop',
    name: 'web',
    reason: 'UpToDate',
    sentence: 'the template carries the hash of the current configuration',
    changed: [],
    written: false,
  };

  const observer = passLog(log, clock);
  observer.listed?.(400);
  for (let i = 0; i < 400; i += 1) {
    now += 30;
    observer.outcome?.(outcome);
  }
  assert.deepEqual(lines, ['167 of 400 workloads handled', '334 of 400 workloads handled']);
});
