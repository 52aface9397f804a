/** Runs a program as a whole process, by itself as a shell would, and says what it took. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PodEnvironment } from './pod.ts';

export interface Run {
  /** When the process was started, milliseconds of the wall clock. */
  readonly startedAt: number;
  readonly wallMs: number;
  /** User and system, of the process alone. */
  readonly cpuMs: number;
  readonly peakMb: number;
  readonly output: string;
}

/**
 * @param folder where a file may be left
 * @param expected exit status; with another one it throws what was printed
 */
export async function measure(
  command: readonly string[],
  environment: PodEnvironment,
  folder: string,
  expected = 0,
): Promise<Run> {
  const peak = join(folder, 'peak-memory');
  const preload = join(import.meta.dirname, 'peak-memory.cjs');
  const startedAt = Date.now();
  const began = performance.now();
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
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
  const status = await new Promise((resolve) => child.once('close', resolve));
  const wallMs = performance.now() - began;
  if (status !== expected) throw new Error(`${command.join(' ')} ended with ${status}: ${output}`);
  const [kB = '', cpuMs = ''] = readFileSync(peak, 'utf8').split(' ');
  return { startedAt, wallMs, cpuMs: Number(cpuMs), peakMb: Number(kB) / 1000, output };
}

/** Smallest, middle and largest. */
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
