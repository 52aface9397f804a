/** Runs a program as a separate process, and measures its time and memory. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PodEnvironment } from './pod.ts';

export interface Ended {
  /** The start of the process, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly wallMs: number;
  readonly output: string;
  /** The exit status, or the name of the signal that ended the process. */
  readonly status: number | NodeJS.Signals;
  /**
   * The values that a process measures itself when it ends; undefined if the process was killed.
   */
  readonly own?: {
    /** User and system time of the process itself. */
    readonly cpuMs: number;
    readonly peakMb: number;
  };
}

export type Run = Pick<Ended, 'startedAt' | 'wallMs' | 'output'> & NonNullable<Ended['own']>;

/** The time after which the Job of the shipped CronJob ends a Pod. */
const activeDeadlineMs = 420_000;

/** @param folder a folder for the file with the peak memory */
export async function runToItsEnd(
  command: readonly string[],
  environment: PodEnvironment,
  folder: string,
): Promise<Ended> {
  const peak = join(folder, 'peak-memory');
  // Removes the file of the process before. A killed process writes none.
  rmSync(peak, { force: true });
  const preload = join(import.meta.dirname, 'peak-memory.cjs');
  const startedAt = Date.now();
  const began = performance.now();
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: activeDeadlineMs,
    env: {
      PATH: process.env['PATH'],
      ...environment,
      BENCH_PEAK_MEMORY_FILE: peak,
      NODE_OPTIONS: `--require=${preload}`,
    },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const status = await new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL')),
  );
  const ended = { startedAt, wallMs: performance.now() - began, output, status };
  if (!existsSync(peak)) return ended;
  const [kB = '', cpuMs = ''] = readFileSync(peak, 'utf8').split(' ');
  return { ...ended, own: { cpuMs: Number(cpuMs), peakMb: Number(kB) / 1000 } };
}

/**
 * @param folder a folder for the file with the peak memory
 * @param expected exit status. With any other status, the error contains the output.
 */
export async function measure(
  command: readonly string[],
  environment: PodEnvironment,
  folder: string,
  expected = 0,
): Promise<Run> {
  const { own, status, ...run } = await runToItsEnd(command, environment, folder);
  if (status !== expected || own === undefined) {
    throw new Error(`${command.join(' ')} ended with ${status}: ${run.output}`);
  }
  return { ...run, ...own };
}

/** The smallest, middle and largest value. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return { min: at(0), median: at(Math.floor(sorted.length / 2)), max: at(sorted.length - 1) };
}

export const median = (values: readonly number[]): number => spread(values).median;
