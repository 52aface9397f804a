import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noFate } from './no-fate.ts';
import type { Plan, Step } from './steps.ts';
import { walk } from './walk.ts';

/**
 * An operator restores the complete workload after each of three writes. After the first write, some
 * time passes.
 */
const planWith = (minutes: number): Plan => {
  const place = { namespace: 0, workload: 0 };
  const steps: readonly Step[] = [
    { do: 'write source', namespace: 0, source: 0, x: 1, y: 1, waitMs: 2_000 },
    {
      ...{ do: 'apply workload', ...place, optIn: true, adoption: 'stamp', waitMs: 0 },
      mentions: [{ source: 0, how: 'all' }],
    },
    { do: 'operate', ...place, whole: true, times: 3, waitMs: 2_000 },
    { do: 'once', fate: noFate, waitMs: 30_000 },
    { do: 'time', minutes, waitMs: 0 },
    ...[1, 2, 3].map((): Step => ({ do: 'once', fate: noFate, waitMs: 30_000 })),
    { do: 'check', lift: false, waitMs: 0 },
  ];
  return { seed: 1, fleet: 'jobs', optIn: 'annotation', schedule: 'each ten minutes', steps };
};

describe('in simulation, a hash that an operator removes each time', () => {
  for (const [when, minutes, times] of [
    ['is written twice while the Event of its writes exists', 1, 2],
    ['is written twice again after the Event of its writes has expired', 120, 3],
  ] as const) {
    it(when, async () => {
      const { violations, tally } = await walk(planWith(minutes));
      assert.deepEqual({ violations, hashes: tally.hashes }, { violations: [], hashes: times });
    });
  }
});
