/**
 * `npm run bench -- --triggers`: measures `schedule` with the watches of the component watch-secrets and a full
 * pass every 15 minutes, and `schedule` without watches and with a pass every 5 seconds, on the same cluster in
 * one run.
 *
 *     --changes 200        the number of single changes, with watches
 *     --rounds 5           the number of rounds in which all sources change at once
 *     --minutes 10         the duration of the events, for the memory
 *     --idle-minutes 5     the duration with a replica, for the CPU time
 *     --storm 100000       the number of events about sources that no workload uses
 *     --only one,all,lease,memory,storm,idle
 */
import { create, otherSources, usedObjects, workloadsOf } from '../load.ts';
import { runProgram } from '../scenarios.ts';
import { type Size, usedSources } from '../size.ts';
import { type Bench, onStages, type Stage } from '../stage.ts';
import { allAtOnce, oneByOne, type Reaction, type Round } from './changes.ts';
import { handOver } from './hand-over.ts';
import { withHashes } from './hashes.ts';
import {
  type IdleHour,
  idleHour,
  type MemoryOverTime,
  memoryOverTime,
  ofStorm,
  type Storm,
} from './lasting.ts';
import { eachFiveSeconds, type Memory, type Replica, withReplica, withWatches } from './replica.ts';

export interface TriggerOptions {
  readonly changes: number;
  readonly rounds: number;
  readonly minutes: number;
  readonly idleMinutes: number;
  readonly storm: number;
  /** The parts to measure. If the list is empty: all. */
  readonly only: readonly string[];
}

export interface TriggerResults {
  readonly size: Size['name'];
  readonly one?: { readonly watching: OneByOne; readonly scheduled: OneByOne };
  readonly all?: {
    readonly workloads: number;
    readonly watching: readonly Round[];
    readonly scheduled: readonly Round[];
  };
  readonly memory?: MemoryOverTime;
  readonly idle?: IdleHour;
  readonly storm?: Storm;
  /** Milliseconds that `once` waited for the Lease. */
  readonly lease?: readonly number[];
}

export interface OneByOne {
  readonly reactions: readonly Reaction[];
  readonly memory: Memory;
}

const parts = ['one', 'all', 'lease', 'memory', 'storm', 'idle'] as const;

/** Enough time for the rollout of the change before. */
const quietMs = 600;

export async function triggers(
  bench: Bench,
  checkout: string,
  size: Size,
  options: TriggerOptions,
): Promise<TriggerResults> {
  const unknown = options.only.find((part) => !parts.some((each) => each === part));
  if (unknown !== undefined) throw new Error(`--only is ${parts.join(', ')}, not ${unknown}`);
  bench.tell('starting a control plane ...');
  const work = async (stage: Stage): Promise<TriggerResults> => {
    await fill(stage, size);
    const isWanted = (part: (typeof parts)[number]): boolean =>
      options.only.length === 0 || options.only.includes(part);
    return {
      size: size.name,
      ...(isWanted('one') && { one: await oneChange(stage, size, options.changes) }),
      ...(isWanted('all') && { all: await manyChanges(stage, size, options.rounds) }),
      ...(isWanted('lease') && { lease: await handOver(stage, 10) }),
      ...(isWanted('memory') && { memory: await memoryOverTime(stage, size, options.minutes) }),
      ...(isWanted('storm') && { storm: await ofStorm(stage, size, options.storm) }),
      ...(isWanted('idle') && { idle: await idleHour(stage, options.idleMinutes) }),
    };
  };
  return await onStages(bench, [checkout], work, 'watching deployment');
}

async function fill(stage: Stage, size: Size): Promise<void> {
  const used = usedSources(size);
  const objects = size.namespaces + size.deployments + size.configMaps + size.secrets;
  stage.tell(`creating ${objects} objects, and their first pass ...`);
  await create(stage.api, usedObjects(size), objects, stage.tell);
  await create(stage.api, otherSources(size, used), objects, stage.tell);
  await runProgram(stage);
}

const optedInOf = (size: Size) => workloadsOf(size).filter(({ optedIn }) => optedIn);

async function oneChange(stage: Stage, size: Size, changes: number) {
  const optedIn = optedInOf(size);
  const inTurn = (count: number) =>
    Array.from({ length: count }, (_, at) => optedIn[at % optedIn.length]).flatMap(
      (workload) => workload ?? [],
    );
  return await withHashes(stage, async (hashes) => {
    const measured = async (count: number, pauseMs: () => number, replica: Replica) => {
      const reactions = await oneByOne(stage, hashes, inTurn(count), pauseMs);
      return { reactions, memory: replica.memory };
    };
    stage.tell(`${changes} changes one by one, with watches ...`);
    const watching = await withReplica(stage, withWatches, (replica) =>
      measured(changes, () => quietMs, replica),
    );
    const fewer = Math.ceil(changes / 5);
    stage.tell(`${fewer} changes one by one, with a pass every 5 s ...`);
    // The random pause puts each change at another moment between two passes.
    const scheduled = await withReplica(stage, eachFiveSeconds, (replica) =>
      measured(fewer, () => quietMs + Math.random() * 5000, replica),
    );
    return { watching, scheduled };
  });
}

async function manyChanges(stage: Stage, size: Size, rounds: number) {
  const optedIn = optedInOf(size);
  return await withHashes(stage, async (hashes) => ({
    workloads: optedIn.length,
    watching: await allAtOnce(stage, hashes, optedIn, rounds, withWatches),
    scheduled: await allAtOnce(stage, hashes, optedIn, rounds, eachFiveSeconds),
  }));
}
