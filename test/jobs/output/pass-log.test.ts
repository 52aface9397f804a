import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { logReport, passLog, summary } from '../../../jobs/output/pass-log.ts';
import type { Reason } from '../../../lib/rules/reason.ts';
import { countReasons, type Outcome, type Report } from '../../../lib/rules/report.ts';
import type { Clock } from '../../../lib/schedule/clock.ts';
import type { Log } from '../../../lib/telemetry/log.ts';

test('a long pass logs its progress every few seconds', () => {
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
    observer.outcome?.(outcome, {});
  }
  assert.deepEqual(lines, ['167 of 400 workloads handled', '334 of 400 workloads handled']);
  now += 60_000;
  observer.ended();
  observer.listed?.(200);
  for (let i = 0; i < 200; i += 1) {
    now += 30;
    observer.outcome?.(outcome, {});
  }
  assert.deepEqual(lines.slice(2), ['167 of 200 workloads handled']);
});

const clock: Clock = { now: () => 0, sleep: async () => {}, wallTime: () => new Date(0) };

const outcomeOf = (reason: Reason, held?: Outcome['held']): Outcome => ({
  ...{ kind: 'Deployment', namespace: 'shop', name: 'web', reason, sentence: `why ${reason}` },
  ...{ changed: [], written: false },
  ...(held === undefined ? {} : { held }),
});

const held = { since: '2026-11-30T06:55:00Z', until: '2026-11-30T08:00:00Z' };

const reportOf = (outcomes: readonly Outcome[]): Report => ({
  ...{ pass: 'Completed', outcomes, counts: countReasons(outcomes), listProblems: [] },
  ...{ unreached: 0, eventsLost: 0, requests: 3, bytesRead: 1200, durationMs: 1500 },
});

suite('a held workload', () => {
  /** The level of each line, its message and its fields. */
  function logged(run: (log: Log) => void): [string, string, object][] {
    const lines: [string, string, object][] = [];
    const at = (level: string) => (fields: object, message: string) => {
      lines.push([level, message, fields]);
    };
    const levels = ['debug', 'info', 'warn', 'error'].map((level) => [level, at(level)]);
    run(Object.fromEntries(levels) as unknown as Log);
    return lines;
  }

  test('has a line when its hold begins, with the times of its begin and end, and no line after that', () => {
    const outcome = outcomeOf('OutsideWindow', held);
    const lines = logged((log) => {
      const observer = passLog(log, clock);
      observer.outcome?.(outcome, { holdIsNew: true });
      observer.outcome?.(outcome, {});
    });
    assert.deepEqual(
      lines.map(([level, message]) => [level, message]),
      [
        ['info', 'why OutsideWindow'],
        ['debug', 'why OutsideWindow'],
      ],
    );
    const [, , fields] = lines[0] ?? [];
    assert.deepEqual((fields as Outcome).held, held);
  });

  test('is counted in the summary in plain words, with the age of the oldest one', () => {
    const outcomes = [
      outcomeOf('Paused', { since: '2026-11-30T06:58:00Z' }),
      outcomeOf('LimitExceeded', held),
      outcomeOf('UpToDate'),
    ];
    assert.equal(
      summary(reportOf(outcomes)),
      'pass Completed: 3 workloads, 1 Paused, 1 LimitExceeded, 1 UpToDate, 2 held back (the oldest since 2026-11-30T06:55:00Z); 3 requests, 1.2 kB read, 1.5 s',
    );
    assert.match(summary(reportOf([outcomeOf('Settling')])), /1 Settling, 1 held back; /);
    assert.doesNotMatch(summary(reportOf([outcomeOf('UpToDate')])), /held/);
  });

  test('does not turn the summary into an error', () => {
    const lines = logged((log) => logReport(log, reportOf([outcomeOf('AwaitingApproval', held)])));
    assert.deepEqual(
      lines.map(([level]) => level),
      ['info'],
    );
  });
});
