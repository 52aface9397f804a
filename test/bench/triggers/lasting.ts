/** Measures the costs of a replica over time: its memory, and the CPU time of the replica and of the API server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs } from '../server.ts';
import type { Size } from '../size.ts';
import type { Stage } from '../stage.ts';
import { commotion, storm } from './events.ts';
import { eachFiveSeconds, type Memory, type Replica, withReplica, withWatches } from './replica.ts';

const eventsASecond = 50;

export interface MemoryOverTime {
  /** Samples at regular intervals. The first one is from before the events. */
  readonly samples: readonly Memory[];
  readonly minutes: number;
  readonly eventsASecond: number;
  readonly passesASecond: number;
}

/** The memory of a replica during changes of objects. */
export async function memoryOverTime(
  stage: Stage,
  size: Size,
  minutes: number,
): Promise<MemoryOverTime> {
  stage.tell(`memory: ${minutes} minutes of ${eventsASecond} events a second ...`);
  return await withReplica(stage, withWatches, async (replica) => {
    const samples = [replica.memory];
    const stop = new AbortController();
    const passes = replica.passes;
    const changing = commotion(stage.api, size, eventsASecond, stop.signal);
    for (let each = 0; each < 20; each += 1) {
      await sleep((minutes * 60_000) / 20);
      samples.push(replica.memory);
    }
    stop.abort();
    const seconds = minutes * 60;
    return {
      ...{ samples, minutes, eventsASecond: (await changing) / seconds },
      passesASecond: (replica.passes - passes) / seconds,
    };
  });
}

export interface Storm {
  readonly events: number;
  readonly seconds: number;
  readonly passes: number;
  readonly cpuMs: number;
}

/** The CPU time of a replica for events about sources that no workload uses. */
export async function ofStorm(stage: Stage, size: Size, events: number): Promise<Storm> {
  stage.tell(`a storm of ${events} events about sources that no workload uses ...`);
  return await withReplica(stage, withWatches, async (replica) => {
    await sleep(2000);
    const [passes, cpu, began] = [replica.passes, replica.cpuMs, performance.now()];
    await storm(stage.api, size, events);
    const seconds = (performance.now() - began) / 1000;
    await sleep(2000);
    return { events, seconds, passes: replica.passes - passes, cpuMs: replica.cpuMs - cpu };
  });
}

/** CPU seconds per hour without changes. */
export interface IdleHour {
  readonly replica: number;
  /** The CPU time of the API server beyond the CPU time of an unused API server. */
  readonly server: number;
  /** CPU seconds of one full pass, of the replica and the API server together. */
  readonly fullPass: number;
  readonly minutes: number;
}

/**
 * Measures two periods with a replica, between three periods without one, because the API server's own work
 * varies. The cost of a full pass comes from another period, with a pass every five seconds.
 *
 * @param minutes the total time with the replica
 */
export async function idleHour(stage: Stage, minutes: number): Promise<IdleHour> {
  const stretchMs = (minutes * 60_000) / 2;
  const tell = (what: string): void =>
    stage.tell(`idle, ${what}: ${stretchMs / 60_000} minutes ...`);
  const without: Rates[] = [];
  const watching: Rates[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    if (turn % 2 === 0) {
      tell('without a replica');
      without.push(await during(stage, undefined, stretchMs));
    } else {
      tell('with a replica');
      watching.push(
        await withReplica(stage, withWatches, async (replica) => {
          await sleep(5000);
          return await during(stage, replica, stretchMs);
        }),
      );
    }
  }
  const [base, idle] = [mean(without), mean(watching)];
  const fullPass = await ofFullPass(stage, base, idle);
  const hour = (perSecond: number): number => perSecond * 3600;
  return {
    ...{ minutes, fullPass },
    replica: hour(idle.replica),
    server: hour(idle.server - base.server),
  };
}

/** The CPU time of a full pass, without the idle CPU time of both processes. */
async function ofFullPass(stage: Stage, base: Rates, idle: Rates): Promise<number> {
  stage.tell('the CPU time of a full pass ...');
  return await withReplica(stage, eachFiveSeconds, async (replica) => {
    const before = replica.passes;
    const rates = await during(stage, replica, 60_000);
    const passes = replica.passes - before;
    const own = rates.replica - idle.replica + rates.server - base.server;
    return (own * 60) / passes;
  });
}

/** CPU seconds per second. */
interface Rates {
  readonly replica: number;
  readonly server: number;
}

async function during(
  { controlPlane }: Stage,
  replica: Replica | undefined,
  ms: number,
): Promise<Rates> {
  const { 'kube-apiserver': server } = controlPlane.pids;
  if (server === undefined) throw new Error('the API server does not run');
  const now = () => [replica?.cpuMs ?? 0, cpuMs(server), performance.now()] as const;
  const before = now();
  await sleep(ms);
  const after = now();
  const passed = after[2] - before[2];
  return { replica: (after[0] - before[0]) / passed, server: (after[1] - before[1]) / passed };
}

function mean(rates: readonly Rates[]): Rates {
  const of = (field: keyof Rates): number =>
    rates.reduce((all, each) => all + each[field], 0) / rates.length;
  return { replica: of('replica'), server: of('server') };
}
