import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { digestOf, type Run, runWalks } from './walk/run.ts';
import { reproductionOf } from './walk/shrink.ts';

describe('in simulation, wave-cron', () => {
  it('keeps its promise in a walk of 20,000 steps with faults', async () => {
    const parts = await Promise.all([inOwnProcess(20_000, 0, 2), inOwnProcess(20_000, 1, 2)]);
    const [failure] = parts.flatMap(({ failures }) => failures);
    if (failure !== undefined) assert.fail(await reproductionOf(failure));
  });

  it('gives the same log for the same seed in another process, byte by byte', async () => {
    const [here, there] = await Promise.all([
      runWalks({ steps: 300, seed: 7 }),
      inOwnProcess(300, 0, 1, 7),
    ]);
    assert.equal(digestOf(there.digests), digestOf(here.digests));
  });
});

async function inOwnProcess(steps: number, index: number, count: number, seed = 1): Promise<Run> {
  const given = { steps, seed, part: { index, count } };
  const child = fork(new URL('part.ts', import.meta.url), [JSON.stringify(given)]);
  for (;;) {
    const [message] = (await once(child, 'message')) as [Run | { readonly failed: number }];
    if ('digests' in message) return message;
  }
}
