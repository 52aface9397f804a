import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Plan } from './steps.ts';
import { walk } from './walk.ts';

// The partial pass for one workload also reads another workload, which has an unfinished rollout and
// has just changed.
it('a change of a workload starts a pass, even if the pass for another workload has read it', async () => {
  const plan: Plan = {
    ...{ seed: 7700330, fleet: 'replicas', optIn: 'annotation', schedule: 'each year' },
    steps: [
      { do: 'write source', namespace: 0, source: 0, x: 2, y: null, waitMs: 0 },
      { do: 'write source', namespace: 0, source: 3, x: 0, y: 3, waitMs: 0 },
      {
        ...{ do: 'apply workload', namespace: 0, workload: 0, optIn: true, adoption: 'stamp' },
        mentions: [
          { source: 0, how: 'all' },
          { source: 2, how: 'extra' },
        ],
        waitMs: 0,
      },
      { do: 'check', lift: false, waitMs: 0 },
      { do: 'write source', namespace: 0, source: 4, x: 0, y: null, waitMs: 0 },
      {
        ...{ do: 'apply workload', namespace: 0, workload: 1, optIn: true, adoption: 'stamp' },
        mentions: [
          { source: 2, how: 'extra' },
          { source: 2, how: 'optional' },
          { source: 3, how: 'key' },
        ],
        waitMs: 0,
      },
      {
        ...{ do: 'apply workload', namespace: 0, workload: 0, optIn: true, adoption: 'stamp' },
        ...{ mentions: [], waitMs: 0 },
      },
      { do: 'check', lift: false, waitMs: 0 },
    ],
  };
  assert.deepEqual((await walk(plan)).violations, []);
});
