import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { countsOf, urgencyWords } from '../../../../jobs/ui/page/urgency-words.ts';
import { urgencies } from '../../../../lib/status/urgency.ts';
import { workloadStatus } from '../../output/status-report.ts';

suite('the counts', () => {
  test('have each urgency, the most urgent first', () => {
    const workloads = [
      workloadStatus('a', 'UpToDate'),
      workloadStatus('b', 'MissingSource'),
      workloadStatus('c', 'UpToDate'),
    ];
    const counts = countsOf(workloads);
    assert.deepEqual(
      counts.map(({ urgency }) => urgency),
      urgencies,
    );
    assert.deepEqual(
      counts.filter(({ count }) => count > 0),
      [
        { urgency: 'person', count: 1 },
        { urgency: 'done', count: 2 },
      ],
    );
  });

  test('have a different heading for each urgency', () => {
    assert.equal(new Set(Object.values(urgencyWords)).size, urgencies.length);
  });
});
