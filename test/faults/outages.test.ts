/**
 * The API server is down, or the process is stopped, for longer than the lease duration.
 * WAVE_CRON_OUTAGE_SECONDS says how long; `npm run test:outages` sets it to a minute.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fullPasses, isFull, isWritten, rarely, shop } from './watching.ts';

const seconds = Number(process.env['WAVE_CRON_OUTAGE_SECONDS'] ?? 8);
const bounded = { timeout: (seconds + 120) * 1000 };

suite('the watch finds a change', { concurrency: true }, () => {
  test('that was made while the API server was away', bounded, async (t) => {
    const { proxy, start, change } = await shop(t);
    const program = await start('replica', ...rarely);
    await program.logged(isFull, 'the first pass');
    await proxy.away();
    await change('debug');
    await pause(seconds * 1000);
    assert.equal(program.log().filter(isWritten).length, 0);
    await proxy.back();
    await program.logged(isWritten, 'the change');
    await change('trace');
    await program.logged(isWrittenAgain(), 'the next change');
    assert.equal(fullPasses(program), 1);
  });

  test('that was made while the process was stopped', bounded, async (t) => {
    const { start, change } = await shop(t);
    const program = await start('replica', ...rarely);
    await program.logged(isFull, 'the first pass');
    await program.freeze();
    await change('debug');
    await pause(seconds * 1000);
    program.thaw();
    await program.logged(isWritten, 'the change');
    await change('trace');
    await program.logged(isWrittenAgain(), 'the next change');
    assert.equal(fullPasses(program), 1);
  });
});

/**
 * Matches the second line about a written hash. Their times distinguish the lines, because `logged` checks
 * each line again with every output.
 */
function isWrittenAgain(): typeof isWritten {
  const times = new Set<unknown>();
  return (line) => isWritten(line) && times.add(line['time']).size > 1;
}
