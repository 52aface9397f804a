import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtCommand } from './built-program.ts';
import { checked, type Run } from './run-program.ts';

/** The memory limit of the shipped Pods, MiB. */
export const memoryLimit = 256;

const preload = join(import.meta.dirname, '../bench/peak-memory.cjs');
/** A heap size that leaves room for the other memory of the process within the limit. */
const heap = '--max-old-space-size=180';

/** Runs the program like its image, and measures its peak memory (VmHWM) in MiB. */
export async function runInLittleMemory(
  args: readonly string[],
): Promise<Run & { peak: number | undefined }> {
  const home = mkdtempSync(join(tmpdir(), 'wave-cron-home-'));
  const file = join(home, 'peak');
  try {
    const child = spawn(
      process.execPath,
      [heap, `--require=${preload}`, ...builtCommand(), ...args],
      {
        cwd: home,
        env: { PATH: process.env['PATH'], HOME: home, BENCH_PEAK_MEMORY_FILE: file },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const kB = status === null ? undefined : Number(readFileSync(file, 'utf8').split(' ')[0]);
    const peak = kB === undefined ? undefined : kB / 1024;
    return { ...checked({ status, stdout, stderr }, args), peak };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
