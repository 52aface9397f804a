/** Runs many walks in sequence, each from a different seed. */
import { createHash } from 'node:crypto';
import { planOf } from './generate.ts';
import type { Plan } from './steps.ts';
import { add, newTally, type Tally } from './tally.ts';
import { walk } from './walk.ts';

/** The minimum number of steps in a walk. */
export const stepsOfWalk = 100;

export interface RunOptions {
  /** The minimum number of steps in all walks together. */
  readonly steps: number;
  readonly seed: number;
  /** The index of this process, if several processes share the walks. */
  readonly part?: { readonly index: number; readonly count: number };
  readonly stopsAtFailure?: boolean;
  /** Called after each walk. */
  readonly onWalk?: (tally: Tally, failures: readonly Failure[]) => void;
}

export interface Failure {
  readonly plan: Plan;
  readonly violations: readonly string[];
  /** The number of steps of this run before the failure. */
  readonly after: number;
}

export interface Run {
  readonly tally: Tally;
  readonly failures: readonly Failure[];
  /** The digest of the log of each walk, by the number of the walk. */
  readonly digests: readonly (readonly [walk: number, digest: string])[];
}

/** The first walks of two runs with consecutive seeds have seeds with this difference. */
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

/** A digest of all logs, independent of the number of processes. */
export function digestOf(digests: Run['digests']): string {
  const sorted = digests.toSorted(([a], [b]) => a - b);
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
