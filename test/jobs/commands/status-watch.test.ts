import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { StatusReport } from '../../../handler/status/status.ts';
import { watchStatus } from '../../../jobs/commands/status-watch.ts';
import { UnreachableError, UsageError } from '../../../lib/errors.ts';
import { statusReport } from '../output/status-report.ts';

/** Runs a watch whose reads return these results, and stops it after the last of them. */
async function watch(results: readonly (StatusReport | Error)[], readMs = 0) {
  const stop = new AbortController();
  const { signal } = stop;
  const shown: string[] = [];
  const sleeps: number[] = [];
  let time = 0;
  let at = 0;
  const watched = {
    ...{ intervalMs: 5_000, signal },
    async read() {
      time += readMs;
      const result = results[at++];
      if (result === undefined) throw new Error('there are no more results');
      if (result instanceof Error) throw result;
      return result;
    },
    open: () => ({
      show: ({ readAt }: StatusReport) => void shown.push(readAt),
      fail: (problem: string) => void shown.push(problem),
      end: () => void shown.push('end'),
    }),
    clock: {
      now: () => time,
      wallTime: () => new Date(0),
      async sleep(ms: number) {
        sleeps.push(ms);
        time += ms;
        if (at < results.length) return;
        stop.abort(new Error('Ctrl-C'));
        throw signal.reason;
      },
    },
  };
  const ended = await watchStatus(watched).catch((error: unknown) => error);
  return { ended, shown, sleeps };
}

const [first, second] = ['1', '2'].map((readAt) => statusReport({ readAt })) as [
  StatusReport,
  StatusReport,
];

suite('watching', () => {
  test('shows each report until it is stopped, which is its normal end', async () => {
    const { ended, shown, sleeps } = await watch([first, second]);
    assert.deepEqual([ended, shown], [0, ['1', '2', 'end']]);
    assert.deepEqual(sleeps, [5_000, 5_000]);
  });

  test('continues after an error of a later read', async () => {
    const { ended, shown } = await watch([first, new UnreachableError('it is down'), second]);
    assert.deepEqual([ended, shown], [0, ['1', 'it is down', '2', 'end']]);
  });

  test('ends with the error of the first read, before anything is shown', async () => {
    const down = new UnreachableError('it is down');
    const { ended, shown } = await watch([down]);
    assert.deepEqual([ended, shown], [down, []]);
  });

  test('ends with an error that a later read cannot fix', async () => {
    for (const error of [new UsageError('invalid'), new TypeError('a bug')]) {
      const { ended, shown } = await watch([first, error]);
      assert.deepEqual([ended, shown], [error, ['1', 'end']]);
    }
  });

  test('reads for at most a fifth of the time', async () => {
    const { sleeps } = await watch([first, second], 10_000);
    assert.deepEqual(sleeps, [40_000, 40_000]);
  });
});
