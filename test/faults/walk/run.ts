/**
 * Runs walks by their seeds, several at once. A failed walk is shortened and printed, so that it can be
 * repeated.
 */
import fc from 'fast-check';
import { type Step, walkSteps } from './steps.ts';
import { type Tally, walk } from './walk.ts';

export type WalksOptions = {
  /** The minimum number of steps in all walks together. */
  steps: number;
  seed: number;
  /** How many walks run at once. */
  parallel: number;
  /** How many of a thousand steps start the program itself; 8 by default. */
  programs?: number;
  onProgress?: (line: string) => void;
};

export const newTally = (): Tally => ({
  steps: 0,
  passes: 0,
  partialPasses: 0,
  requests: 0,
  checks: 0,
  faults: new Map(),
  writes: 0,
  holds: new Map(),
});

/** The distance between the seeds of one run and the seeds of the next run. */
const seedsApart = 1_000_000;
const shorteningMs = 60_000;
const maxFailures = 3;
const progressEveryMs = 15_000;

export async function runWalks({
  steps,
  seed,
  parallel,
  programs = 8,
  onProgress = () => {},
}: WalksOptions): Promise<{ tally: Tally; failures: string[] }> {
  const tally = newTally();
  const failures: string[] = [];
  const began = performance.now();
  let walks = 0;

  async function walker(): Promise<void> {
    while (tally.steps < steps && failures.length < maxFailures) {
      const own = seed * seedsApart + walks;
      walks += 1;
      const failure = await oneWalk(
        own,
        walkSteps(programs, isWithPolicies(walks)),
        tally,
        onProgress,
      );
      if (failure !== undefined) failures.push(failure);
    }
  }
  const progress = setInterval(() => {
    const rate = (tally.steps / (performance.now() - began)) * 1000;
    onProgress(
      `${tally.steps} steps, ${walks} walks, ${rate.toFixed(1)} a second, ${failures.length} failed`,
    );
  }, progressEveryMs);
  try {
    await Promise.all(Array.from({ length: parallel }, walker));
  } finally {
    clearInterval(progress);
  }
  return { tally, failures };
}

/** Whether a walk has policies: every second walk has policies, beginning with the first walk. */
const isWithPolicies = (walk: number): boolean => walk % 2 === 1;

async function oneWalk(
  seed: number,
  arbitrary: fc.Arbitrary<Step[]>,
  tally: Tally,
  onProgress: (line: string) => void,
): Promise<string | undefined> {
  const parameters = { seed: seed % 2 ** 31, numRuns: 1, unbiased: true };
  const [whole = []] = fc.sample(arbitrary, parameters);
  try {
    await walk(whole, tally);
    return undefined;
  } catch (error) {
    onProgress(`seed ${seed}, after ${tally.steps} steps of all: ${inWords(error)}`);
    // The walk is repeated from its seed, which shows whether it fails again. If it does, it is shortened.
    const property = fc.asyncProperty(arbitrary, (list) => walk(list, newTally()));
    const details = await fc.check(property, {
      ...parameters,
      interruptAfterTimeLimit: shorteningMs,
    });
    const list = details.counterexample?.[0];
    return [
      `seed ${seed}: ${inWords(error)}`,
      list === undefined
        ? 'it did not fail again; all of its steps:'
        : `shortened to ${list.length} steps, with which ${inWords(details.errorInstance)}:`,
      ...(list ?? whole).map((step) => `  ${JSON.stringify(step)}`),
      `npm run test:walk -- --replay '${JSON.stringify(list ?? whole)}'`,
    ].join('\n');
  }
}

function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'Violation') return error.message;
  const more = error instanceof AggregateError ? error.errors.map(inWords) : [];
  return [error.stack ?? error.message, ...more].join('\n');
}

export function tallyInWords(tally: Tally): string {
  const { steps, passes, partialPasses, requests, checks, writes, faults, holds } = tally;
  return `${steps} steps, ${passes} passes, ${partialPasses} partial passes, ${checks} quiet points, ${requests} requests, ${writes} hashes written, ${listed('faults', faults)}, ${listed('holds', holds)}`;
}

function listed(what: string, counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  const each = sorted.map(([name, count]) => `${count} ${name}`).join(', ');
  return `${total} ${what} (${each})`;
}
