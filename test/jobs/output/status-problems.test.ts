import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isComplete, logProblems } from '../../../jobs/output/status-problems.ts';
import { statusReport } from './status-report.ts';

test('a report is complete if no workload is missing, also without the hash key', () => {
  const listProblems = [{ what: 'DaemonSets', why: 'denied' }];
  assert.equal(isComplete(statusReport()), true);
  assert.equal(isComplete(statusReport({ hashKeyProblem: 'denied' })), true);
  assert.equal(isComplete(statusReport({ listProblems })), false);
  assert.equal(isComplete(statusReport({ incomplete: 'stop requested' })), false);
});

test('each problem is a line of the log', () => {
  const lines: string[] = [];
  const note = (...parts: readonly unknown[]) => void lines.push(String(parts.at(-1)));
  const report = statusReport({
    listProblems: [{ what: 'DaemonSets', why: 'denied' }],
    ...{ incomplete: 'stop requested', unreached: 1, hashKeyProblem: 'it cannot be read' },
  });
  logProblems(report, { error: note, warn: note });
  assert.deepEqual(lines, [
    'DaemonSets could not be listed: denied',
    'the status is incomplete: stop requested; 1 workload not reached',
    'hashes were not compared: it cannot be read',
  ]);
});
