/** `schedule` as a running process, in the environment of a Pod of the shipped Deployment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs } from '../server.ts';
import type { Stage } from '../stage.ts';

/** Settings with the watches of the component watch-secrets, and with rare full passes. */
export const withWatches = {
  WAVE_TRIGGERS_WATCH: 'ConfigMap,Secret,Workload',
  WAVE_RESYNC_INTERVAL: '15m',
} as const;

export const eachFiveSeconds = { WAVE_RESYNC_INTERVAL: '5s' } as const;

export interface Memory {
  readonly residentMb: number;
  /** The peak memory since the start of the process (VmHWM). */
  readonly peakMb: number;
}

export class Replica {
  readonly #child: ChildProcess;
  /** The number of completed passes, full and partial. */
  passes = 0;
  fullPasses = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The CPU time of the replica since its start, in milliseconds. */
  get cpuMs(): number {
    return cpuMs(this.pid);
  }

  get memory(): Memory {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const of = (field: string): number => {
      const [, kB] = new RegExp(`${field}:\\s+(\\d+) kB`).exec(status) ?? [];
      return Number(kB) / 1000;
    };
    return { residentMb: of('VmRSS'), peakMb: of('VmHWM') };
  }

  /** Resolves at the first full pass after this number of full passes. */
  async fullPassAfter(passes: number): Promise<void> {
    while (this.fullPasses <= passes) {
      if (this.#child.exitCode !== null) throw new Error('schedule ended');
      await sleep(20);
    }
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    const [status] = await ended;
    if (status !== 0) throw new Error(`schedule ended with ${status}`);
  }
}

/** Starts a replica, and resolves when its first full pass has completed. */
export async function startReplica(
  { pod, program }: Stage,
  settings: Readonly<Record<string, string>>,
): Promise<Replica> {
  pod.enter();
  const env = {
    PATH: process.env['PATH'],
    ...pod.environment,
    ...{ WAVE_LISTEN: '127.0.0.1:0', ...settings },
  };
  const child = spawn(program, ['schedule'], { stdio: ['ignore', 'pipe', 'inherit'], env });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.off('exit', kill));
  const replica = new Replica(child);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { pass, partial, level, msg } = JSON.parse(line);
    if (level === 'warn' || level === 'error') process.stderr.write(`        ${msg}\n`);
    if (pass !== 'Completed') return;
    replica.passes += 1;
    if (partial !== true) replica.fullPasses += 1;
  });
  await replica.fullPassAfter(0);
  return replica;
}

/** Calls the function with a new replica, and stops the replica afterwards. */
export async function withReplica<T>(
  stage: Stage,
  settings: Readonly<Record<string, string>>,
  work: (replica: Replica) => Promise<T>,
): Promise<T> {
  const replica = await startReplica(stage, settings);
  const value = await work(replica);
  await replica.stop();
  return value;
}
