/**
 * Runs `wave-cron once` as child processes that a test can kill and freeze:
 *
 *     const holder = await startOnce(t, 'holder', { namespace, kubeconfig });
 *     await holder.freeze();
 *     …
 *     holder.thaw();
 *     const { status } = await holder.ended;
 *
 * The processes run a bundle, as it is shipped. From the sources, a hundred starts would take minutes.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import pLimit from 'p-limit';
import { withLock } from '../../tools/control-plane/lock.ts';
import { testCluster } from '../../tools/control-plane/testing.ts';
import { checked, type LogLine, logLines, type Run } from '../jobs/run-program.ts';

export type OnceOptions = {
  /** The namespace of the workloads and of the Lease. */
  namespace: string;
  kubeconfig: string;
  /** Default: `leaseSeconds`. */
  leaseSeconds?: number;
  flags?: readonly string[];
  /** Default: `once`. */
  command?: 'once' | 'schedule';
  env?: Readonly<Record<string, string>>;
};

export type Once = {
  /** The beginning of the process's identity in the Lease. */
  readonly name: string;
  /** All complete lines so far. */
  log(): LogLine[];
  /**
   * Resolves with the first line that fits, of all past and future lines. Rejects if the process ends
   * without one.
   */
  logged(fits: (line: LogLine) => boolean, what: string): Promise<LogLine>;
  /** Sends SIGKILL. Resolves when the process is dead. */
  kill(): Promise<void>;
  /** Sends SIGSTOP. Resolves when the process is stopped. */
  freeze(): Promise<void>;
  /** Sends SIGCONT. */
  thaw(): void;
  /** Resolves when the process has ended and its output is complete. */
  readonly ended: Promise<Run>;
};

/**
 * The lease duration. It is twice the minimum, so that processes on a busy machine do not lose
 * their Lease because they are slow.
 */
export const leaseSeconds = 10;

/**
 * Limits concurrent starts. Only the start of a process takes much processor time, and too many
 * starts at once would starve the holders.
 */
export const starts = pLimit(3);

const run = promisify(execFile);
const wallClockShift = join(import.meta.dirname, 'wall-clock-shift.ts');

/**
 * Variables of a process whose wall clock is ahead by this number of hours, or behind if the number is
 * negative.
 */
export const wallClockAhead = (hours: number): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import ${wallClockShift}`,
  TEST_WALL_CLOCK_SHIFT_MS: String(hours * 3_600_000),
});

type Bundle = { program: string; env: Readonly<Record<string, string>> };
let bundle: Promise<Bundle> | undefined;

async function makeBundle(): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-faults-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'wave-cron.js');
  await build({
    entryPoints: [join(import.meta.dirname, '../../jobs/main.ts')],
    outfile: program,
    bundle: true,
    minify: true,
    keepNames: true,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    banner: {
      js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    WAVE_INSTALLATION: 'none',
    NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
  };
  // This fills the compile cache, which a killed process does not write.
  await run(process.execPath, [program, '--version'], { env });
  return { program, env };
}

/** Starts a process over one namespace, which also has its Lease. The process is killed after the test. */
export async function startOnce(
  t: Pick<TestContext, 'after'>,
  name: string,
  {
    namespace,
    kubeconfig,
    leaseSeconds: seconds = leaseSeconds,
    flags = [],
    command = 'once',
    env = {},
  }: OnceOptions,
): Promise<Once> {
  bundle ??= makeBundle();
  const { program, env: standard } = await bundle;
  const args = [command, '--kubeconfig', kubeconfig, '--log-level', 'debug'];
  const scope = ['--namespaces', namespace, '--lease-namespace', namespace];
  const lease = ['--lease-duration-seconds', String(seconds)];
  const child = spawn(process.execPath, [program, ...args, ...scope, ...lease, ...flags], {
    env: { ...standard, POD_NAME: name, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  return onceOf(name, child);
}

function onceOf(name: string, child: ChildProcess): Once {
  let stdout = '';
  let stderr = '';
  const onOutput = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const look of onOutput) look();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Run>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  }).then((run) => checked(run, ['once']));
  const log = () => logLines(stdout.slice(0, stdout.lastIndexOf('\n') + 1));
  return {
    name,
    log,
    logged(fits, what) {
      const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
      const look = () => {
        const line = log().find(fits);
        if (line !== undefined) resolve(line);
      };
      onOutput.add(look);
      look();
      const failed = () => reject(new Error(`${name} ended without ${what}: ${stdout}${stderr}`));
      ended.then(failed, failed);
      return promise.finally(() => onOutput.delete(look));
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async freeze() {
      child.kill('SIGSTOP');
      // kill() returns before the process receives the signal.
      while (!(await isStopped(child.pid ?? 0))) await sleep(5);
    },
    thaw: () => child.kill('SIGCONT'),
    ended,
  };
}

async function isStopped(pid: number): Promise<boolean> {
  const { stdout } = await run('ps', ['-o', 'state=', '-p', String(pid)]);
  return stdout.trim().startsWith('T');
}

/** The line that says how the pass ended. */
export function summaryOf({ stdout, stderr }: Run): LogLine {
  const summary = logLines(stdout).findLast((line) => 'pass' in line);
  if (summary === undefined) throw new Error(`no summary of a pass: ${stdout}${stderr}`);
  return summary;
}

/** The lines about the Lease, in order. */
export const leaseEventsOf = ({ stdout }: Run): LogLine[] =>
  logLines(stdout).filter((line) => 'leaseEvent' in line);

/** A process lost its Lease because the machine had no time for it. The process did nothing wrong. */
export class TooSlow extends Error {}

/**
 * Returns the run unchanged.
 *
 * @throws TooSlow if the process lost its Lease because it could not renew it in time
 */
export function fastEnough(run: Run): Run {
  const lost = leaseEventsOf(run).find(({ leaseEvent }) => leaseEvent === 'lost');
  if (run.status === 1 && lost !== undefined && /the last renewal was/.test(lost.msg)) {
    throw new TooSlow(`the machine is too slow for this test: ${run.stdout}`);
  }
  return run;
}

/** Does the work, and repeats it up to three times if the machine was too slow. */
export async function untilFastEnough<T>(work: () => Promise<T>): Promise<T> {
  for (let left = 3; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TooSlow) || left === 0) throw error;
    }
  }
}

/**
 * Makes the files of these tests wait for each other. At the same time, they would starve each other's
 * holders.
 */
export function oneFileAtATime(): void {
  const ended = Promise.withResolvers<void>();
  let unlocked: Promise<void> | undefined;
  before(async () => {
    const locked = Promise.withResolvers<void>();
    const file = join(testCluster().cluster.folder, 'faults.lock');
    unlocked = withLock(file, () => {
      locked.resolve();
      return ended.promise;
    });
    await Promise.race([locked.promise, unlocked]);
  });
  after(async () => {
    ended.resolve();
    await unlocked;
  });
}

/**
 * The previous holder of a Lease that was taken over, and for how long the Lease was unchanged before, in
 * seconds, by the log. Undefined if there was no takeover.
 */
export function takeOverOf(run: Run): { from: string; unchangedForSeconds: number } | undefined {
  const line = leaseEventsOf(run).find(({ leaseEvent }) => leaseEvent === 'tookOver');
  const said = /took over .* from "?([^ ",]+)"?, unchanged for ([\d.]+) s/.exec(line?.msg ?? '');
  if (said === null) return undefined;
  return { from: said[1] ?? '', unchangedForSeconds: Number(said[2]) };
}
