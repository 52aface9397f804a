/**
 * Runs long walks in simulation:
 *
 *     npm run test:simulation -- --steps 1000000 --seed 1
 *     npm run test:simulation -- --steps 50000 --mutation 'windows are ignored'
 *     npm run test:simulation -- --walk 1234 --log
 */
import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { mutate, mutationNamed } from './mutations/hook.ts';
import type { Part } from './part.ts';
import type { Failure } from './walk/run.ts';
import type { Tally } from './walk/tally.ts';

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string', default: '2' },
    mutation: { type: 'string' },
    /** The seed of a single walk. */
    walk: { type: 'string' },
    log: { type: 'boolean', default: false },
  },
});
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const { mutation } = values;
if (mutation !== undefined) mutate(mutationNamed(mutation));
// These imports load the product, so they must come after the mutation.
const { planOf } = await import('./walk/generate.ts');
const { digestOf, stepsOfWalk } = await import('./walk/run.ts');
const { reproductionOf } = await import('./walk/shrink.ts');
const { add, inWords, newTally } = await import('./walk/tally.ts');
const { walk } = await import('./walk/walk.ts');

if (values.walk === undefined) await runAll();
else await runOne(Number(values.walk));

async function runOne(seed: number): Promise<void> {
  const plan = planOf(seed, stepsOfWalk);
  const { violations, tally, digest } = await walk(plan, values.log ? print : undefined);
  print(`${inWords(tally)}\nlog ${digest}`);
  if (violations.length > 0) await explain({ plan, violations, after: tally.steps });
}

async function runAll(): Promise<void> {
  const count = Number(values.processes);
  const began = performance.now();
  const parts = await Promise.all(
    Array.from({ length: count }, (_, index) => onePart(index, count)),
  );
  const tally = newTally();
  for (const part of parts) add(tally, part.tally);
  const seconds = (performance.now() - began) / 1000;
  const failures = parts.flatMap((part) => part.failures);
  print(inWords(tally));
  print(`${seconds.toFixed(0)} s, ${(tally.steps / seconds).toFixed(0)} steps a second`);
  print(`seed ${values.seed}, log ${digestOf(parts.flatMap((part) => part.digests))}`);
  const failed = failures.map(({ plan }) => plan.seed);
  print(failed.length === 0 ? 'no violation' : `${failed.length} ${failedInWords(failed)}`);
  for (const failure of failures.slice(0, 3)) await explain(failure);
}

async function explain(failure: Failure): Promise<void> {
  process.exitCode = 1;
  print(await reproductionOf(failure));
}

/** Runs one part in its own process. */
function onePart(index: number, count: number): Promise<Part> {
  const { promise, resolve, reject } = Promise.withResolvers<Part>();
  const given = JSON.stringify({
    steps: Number(values.steps),
    seed: Number(values.seed),
    part: { index, count },
    mutation,
    stopsAtFailure: mutation !== undefined,
  });
  const child = fork(new URL('part.ts', import.meta.url), [given]);
  child.on('message', (message: { tally: Tally; failed: readonly number[] } | Part) => {
    if ('digests' in message) resolve({ ...message, tally: ofMessage(message.tally) });
    else print(`process ${index}: ${message.tally.steps} steps, ${failedInWords(message.failed)}`);
  });
  child.on('exit', (code) => reject(new Error(`a process ended with status ${code}`)));
  return promise;
}

/** @param seeds the seeds of the walks that failed */
function failedInWords(seeds: readonly number[]): string {
  return seeds.length === 0 ? 'no walk failed' : `walks failed: ${seeds.join(', ')}`;
}

/** Messages between processes contain maps as lists. */
function ofMessage(tally: Tally): Tally {
  return { ...tally, faults: new Map(tally.faults), holds: new Map(tally.holds) };
}
