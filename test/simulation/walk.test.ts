import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planOf } from './walk/generate.ts';
import { runWalks } from './walk/run.ts';
import { walk } from './walk/walk.ts';

describe('in simulation, wave-cron', () => {
  it('keeps its promise in walks of 20,000 steps with faults', async () => {
    const { failures } = await runWalks({ steps: 20_000, seed: 1 });
    assert.deepEqual(failures.slice(0, 1), []);
  });

  it('does the same from the same seed, to the byte', async () => {
    const logs = await Promise.all(
      [1, 2].map(async () => {
        const lines: string[] = [];
        await walk(planOf(7, 100), (line) => lines.push(line));
        return lines;
      }),
    );
    assert.deepEqual(logs[0], logs[1]);
  });
});
