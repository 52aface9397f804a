/** A quiet point of a walk: all faults end, a pass runs to its end, and the checks follow. */
import { isDeepStrictEqual } from 'node:util';
import { isComplete, type Outcome, type Report } from '../../../lib/rules/report.ts';
import { isHold } from '../../faults/walk/holds.ts';
import { usualRollouts } from './fleet.ts';
import { noFate } from './no-fate.ts';
import { progressDeadlineSeconds } from './pod-template.ts';
import { liftPolicies } from './policy-user.ts';
import { whatIsWrong } from './quiet-check.ts';
import type { Simulation } from './simulation.ts';
import { count } from './tally.ts';
import { checkTriggers, isByTriggersAlone } from './trigger-check.ts';

/** A pass without a fault, or one such pass of each shard. */
export interface GoodPass {
  readonly outcomes: readonly Outcome[];
  /** The times at which it began and ended. */
  readonly from: number;
  readonly to: number;
}

const second = 1_000;
const minute = 60 * second;

export async function check(simulation: Simulation, lift: boolean): Promise<void> {
  const { fleet, user, tally } = simulation;
  tally.checks += 1;
  fleet.calm();
  if (lift) {
    fleet.rollouts = usualRollouts;
    liftPolicies(user);
  }
  await renewReplicas(simulation);
  await jobsEnd(simulation);
  if (isByTriggersAlone(simulation)) await checkTriggers(simulation);
  let good = await goodPassAtRest(simulation);
  if (lift) good = await withoutHolds(simulation, good);
  let wrong = good === undefined ? [] : whatIsWrong(simulation, good);
  // One pass may not be enough, for example if a tool removes a hash right after it. Then the next pass
  // must be enough. A Deployment whose new Pods crash reports that only after its progress deadline.
  const pauses = [10, 10, 10, progressDeadlineSeconds + 10];
  for (const seconds of pauses) {
    if (wrong.length === 0 || good === undefined) break;
    await simulation.world.pass(seconds * second);
    good = await goodPassAtRest(simulation);
    wrong = good === undefined ? [] : whatIsWrong(simulation, good);
  }
  for (const text of wrong) simulation.blame(text);
  for (const { reason, ...outcome } of good?.outcomes ?? []) {
    if (isHold({ reason, ...outcome })) count(tally.holds, reason);
  }
  for (const form of fleet.leaks()) {
    simulation.blame(`a value of a Secret was told, in this form: ${form}`);
  }
  checkMemory(simulation);
}

/**
 * Stops replicas with other settings, as a rollout of wave-cron would. Then one replica of each shard
 * runs.
 */
async function renewReplicas({ fleet, world, plan }: Simulation): Promise<void> {
  const outdated = [...fleet.replicas.values()].filter(({ settings, isRunning }) => {
    const wanted = fleet.settingsOf(settings.shard.index, true);
    return isRunning && !isDeepStrictEqual(settings, wanted);
  });
  for (const each of outdated) each.terminate();
  await world.until(() => outdated.every(({ isRunning }) => !isRunning), 10 * minute);
  if (plan.fleet === 'jobs') return;
  for (const shard of fleet.shards) fleet.startReplica(shard ?? 0, noFate);
}

async function jobsEnd(simulation: Simulation): Promise<void> {
  const { fleet, world } = simulation;
  const areDone = await world.until(() => fleet.jobs.length === 0, 60 * minute);
  if (!areDone) {
    const names = fleet.jobs.map(({ process }) => process.name).join(', ');
    simulation.blame(`within an hour without faults, these do not end: ${names}`);
  }
}

async function goodPassAtRest(simulation: Simulation): Promise<GoodPass | undefined> {
  await rest(simulation);
  let good = await goodPass(simulation);
  // A tool may remove a hash that a good pass has written. In this case, the next pass must be good.
  for (let before = removals(simulation); good !== undefined; before = removals(simulation)) {
    await rest(simulation);
    if (before === removals(simulation)) return good;
    good = await goodPass(simulation);
  }
  return good;
}

const removals = ({ oracle }: Simulation): number =>
  oracle.live.reduce((sum, each) => sum + each.removals, 0);

/**
 * Waits until controllers have nothing left to do. In the first seconds, a tool may still restore a
 * workload.
 */
async function rest(simulation: Simulation): Promise<void> {
  await simulation.world.pass(5 * second);
  await simulation.world.until(() => simulation.areControllersDone, 20 * minute);
}

/**
 * Runs passes until one is good. A pass can fail only if another process holds the Lease, or if
 * controllers continuously write a workload.
 */
async function goodPass(simulation: Simulation): Promise<GoodPass | undefined> {
  let why = '';
  for (let left = 6; left > 0; left--) {
    const from = simulation.world.now;
    const reports: Report[] = [];
    for (const shard of simulation.fleet.shards) {
      const result = await onePass(simulation, shard);
      if (typeof result === 'string') why = result;
      else reports.push(result);
    }
    if (reports.length === simulation.fleet.shards.length) {
      const outcomes = reports.flatMap((each) => each.outcomes);
      return { outcomes, from, to: simulation.world.now };
    }
    await simulation.world.pass(second);
  }
  simulation.blame(`no pass without a fault came to its end: ${why}`);
  return undefined;
}

/** @returns the report of a good pass; otherwise the reason why the pass is not good */
async function onePass(
  simulation: Simulation,
  shard: number | undefined,
): Promise<Report | string> {
  const { fleet, world, tally } = simulation;
  const program = fleet.start(`good-pass-${tally.passes}`, noFate, shard);
  tally.passes += 1;
  program.pass();
  if (!(await world.until(() => !program.isRunning, 60 * minute))) return 'it takes an hour';
  const { ended } = program;
  if (ended?.how !== 'report')
    return ended?.how === 'error' ? ended.error.message : 'it was killed';
  const { report } = ended;
  if (report.pass !== 'Completed') return `${report.pass}: ${report.sentence}`;
  if (!isComplete(report)) return JSON.stringify(report.counts);
  return report.counts.Conflict === undefined ? report : 'Conflict';
}

/**
 * Runs passes until nothing is held. Failed rollouts stop other rollouts until they are complete, and
 * `settle` needs time.
 */
async function withoutHolds(
  simulation: Simulation,
  first: GoodPass | undefined,
): Promise<GoodPass | undefined> {
  let good = first;
  for (let left = 20; left > 0 && good?.outcomes.some(isHold) === true; left--) {
    await simulation.world.pass(30 * second);
    good = await goodPassAtRest(simulation);
  }
  for (const outcome of good?.outcomes.filter(isHold) ?? []) {
    simulation.blame(
      `without any policy, ${outcome.kind}/${outcome.namespace}/${outcome.name} is held: ${outcome.sentence}`,
    );
  }
  return good;
}

/** No process of a walk needs this number at a quiet point. */
const mostPending = 100;

function checkMemory(simulation: Simulation): void {
  for (const { process } of simulation.fleet.replicas.values()) {
    if (process.state !== 'running' || process.pending <= mostPending) continue;
    simulation.blame(`${process.name} waits for ${process.pending} timers and answers`);
  }
}
