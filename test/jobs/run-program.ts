/**
 * Runs the program itself, from its source, as a person or a CronJob runs it: with arguments and an
 * environment, of which nothing comes from whoever runs the tests.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Run = {
  /** null where a signal ended it. */
  status: number | null;
  stdout: string;
  stderr: string;
};

export type LogLine = { level: string; msg: string; [field: string]: unknown };

const program = join(import.meta.dirname, '../../jobs/main.ts');

/**
 * Resolves when the program has ended and both its outputs are whole.
 *
 * @param stop ends it with SIGTERM when aborted
 */
export async function runProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stop?: AbortSignal,
): Promise<Run> {
  const home = mkdtempSync(join(tmpdir(), 'wave-cron-home-'));
  try {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: home,
      env: { PATH: process.env['PATH'], HOME: home, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    stop?.addEventListener('abort', () => child.kill('SIGTERM'));
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const status = await ended;
    return { status, stdout, stderr };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** The lines of a log, each of which must be JSON. */
export function logLines(text: string): LogLine[] {
  return linesOf(text).map((line) => JSON.parse(line) as LogLine);
}

/** The lines of a text, which ends with a line end where it is not empty. */
export function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
