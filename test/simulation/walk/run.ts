/** Many walks, one after the other, each from a seed of its own. */
import { createHash } from 'node:crypto';
import { planOf } from './generate.ts';
import type { Plan } from './steps.ts';
import { add, newTally, type Tally } from './tally.ts';
import { walk } from './walk.ts';

/** The minimum number of steps in a walk. */
export const stepsOfWalk = 100;

export interface RunOptions {
  /** The minimum number in all walks. */
  readonly steps: number;
  readonly seed: number;
  /** This is one of several processes that share the walks. */
  readonly part?: { readonly index: number; readonly count: number };
  readonly stopsAtFailure?: boolean;
  /** Called after each walk. */
  readonly onWalk?: (tally: Tally, failures: readonly Failure[]) => void;
}

export interface Failure {
  readonly plan: Plan;
  readonly violations: readonly string[];
  /** Steps of this run until then. */
  readonly after: number;
}

export interface Run {
  readonly tally: Tally;
  readonly failures: readonly Failure[];
  /** The digest of the log of each walk, by the number of the walk. */
  readonly digests: readonly (readonly [walk: number, digest: string])[];
}

/** Seeds of the walks of one run are so far from those of the next. */
const seedsApart = 100_003;

export const seedOf = (seed: number, number: number): number =>
  (seed * seedsApart + number) % 2 ** 32;

export async function runWalks({
  steps,
  seed,
  part: { index, count } = { index: 0, count: 1 },
  stopsAtFailure = false,
  onWalk = () => undefined,
}: RunOptions): Promise<Run> {
  const tally = newTally();
  const failures: Failure[] = [];
  const digests: (readonly [number, string])[] = [];
  for (let number = index; number < Math.ceil(steps / stepsOfWalk); number += count) {
    const plan = planOf(seedOf(seed, number), stepsOfWalk);
    const walked = await walk(plan);
    add(tally, walked.tally);
    digests.push([number, walked.digest]);
    if (walked.violations.length > 0) {
      failures.push({ plan, violations: walked.violations, after: tally.steps });
    }
    onWalk(tally, failures);
    if (failures.length > 0 && stopsAtFailure) break;
  }
  return { tally, failures, digests };
}

/** One digest of all logs, whichever processes have walked. */
export function digestOf(digests: Run['digests']): string {
  const sorted = digests.toSorted(([a], [b]) => a - b);
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
