/**
 * Runs the program itself, from its source, as a person or a CronJob runs it. The arguments and the environment
 * come from the test only. The program does not use an installation in the cluster unless a test asks for one,
 * because other tests have installations on the same cluster.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertNoLeak } from '../secrets/planted.ts';

export type Run = {
  /** null if a signal ended the program. */
  status: number | null;
  stdout: string;
  stderr: string;
};

/** A program that runs until it gets a signal. */
export type Program = {
  readonly pid: number;
  /** The complete lines of stdout so far. */
  log(): LogLine[];
  /** Resolves with the first matching line, past or future. Rejects if the program ends without one. */
  logged(fits: (line: LogLine) => boolean, what: string): Promise<LogLine>;
  /** Resolves when the text of stdout matches. Rejects if the program ends before that. */
  printed(fits: (stdout: string) => boolean, what: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the program has ended and its output is complete. */
  readonly ended: Promise<Run>;
};

export type LogLine = { level: string; msg: string; [field: string]: unknown };

type Environment = Readonly<Record<string, string>>;

const program = join(import.meta.dirname, '../../jobs/main.ts');

/**
 * Runs the program. Resolves when it has ended and its output is complete.
 *
 * @param stop aborting it sends SIGTERM to the program
 */
export async function runProgram(
  args: readonly string[],
  env: Environment = {},
  stop?: AbortSignal,
): Promise<Run> {
  const running = startProgram(args, env);
  stop?.addEventListener('abort', () => running.kill('SIGTERM'));
  return await running.ended;
}

/**
 * Starts the program. A test should kill it with SIGKILL in `t.after`, in case the test fails before it ends
 * the program.
 *
 * @param command Node's arguments that start the program
 */
export function startProgram(
  args: readonly string[],
  env: Environment = {},
  command: readonly string[] = [program],
): Program {
  const home = mkdtempSync(join(tmpdir(), 'wave-cron-home-'));
  const child = spawn(process.execPath, [...command, ...args], {
    cwd: home,
    env: { PATH: process.env['PATH'], HOME: home, WAVE_INSTALLATION: 'none', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const onOutput = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const look of onOutput) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Run>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  })
    .finally(() => rmSync(home, { recursive: true, force: true }))
    .then((run) => checked(run, args));

  /** Resolves with the first result of `look` that is not undefined. It is called after each output. */
  const found = <T>(look: () => T | undefined, what: string): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const tryIt = () => {
      const result = look();
      if (result !== undefined) resolve(result);
    };
    onOutput.add(tryIt);
    tryIt();
    const noMore = () => reject(new Error(`it ended without ${what}: ${stdout}${stderr}`));
    ended.then(noMore, noMore);
    return promise.finally(() => onOutput.delete(tryIt));
  };
  const log = () => logLines(stdout.slice(0, stdout.lastIndexOf('\n') + 1));
  return {
    pid: child.pid ?? 0,
    log,
    logged: (fits, what) => found(() => log().find(fits), what),
    printed: (fits, what) => found(() => (fits(stdout) ? null : undefined), what).then(() => {}),
    kill: (signal) => child.kill(signal),
    ended,
  };
}

/** @throws if the output contains the value of a Secret */
export function checked(run: Run, args: readonly string[]): Run {
  assertNoLeak(`the output of wave-cron ${args[0]}`, run.stdout + run.stderr);
  return run;
}

/** The lines of a log. Each of them must be JSON. */
export function logLines(text: string): LogLine[] {
  return linesOf(text).map((line) => JSON.parse(line) as LogLine);
}

/** The lines of a text that is empty or ends with a newline. */
export function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
