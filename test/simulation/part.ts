/** A child process that runs a part of the walks and sends the result to its parent. */
import { mutate, mutationNamed } from './mutations/hook.ts';
import type { Run, RunOptions } from './walk/run.ts';
import type { Tally } from './walk/tally.ts';

export type Part = Run;

type Given = RunOptions & { readonly mutation?: string };

const given = JSON.parse(process.argv[2] ?? '{}') as Given;
if (given.mutation !== undefined) mutate(mutationNamed(given.mutation));
// This import loads the product, so it must come after the mutation.
const { runWalks } = await import('./walk/run.ts');

const sendable = (tally: Tally): object => ({
  ...tally,
  faults: [...tally.faults],
  holds: [...tally.holds],
});

const progressEveryMs = 15_000;
let last = performance.now();
const run = await runWalks({
  ...given,
  onWalk: (tally, failures) => {
    if (performance.now() - last < progressEveryMs) return;
    last = performance.now();
    process.send?.({ tally: sendable(tally), failed: failures.map(({ plan }) => plan.seed) });
  },
});
process.send?.({ ...run, tally: sendable(run.tally) }, () => process.disconnect?.());
