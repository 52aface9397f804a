/**
 * `wave-cron once` as processes of their own, to be killed and frozen:
 *
 *     const holder = await startOnce(t, 'holder', { namespace, kubeconfig });
 *     await holder.freeze();
 *     …
 *     holder.thaw();
 *     const { status } = await holder.ended;
 *
 * They run from a bundle as it is shipped: a hundred starts from the sources would take minutes.
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
  /** Of the workloads and of the Lease. */
  namespace: string;
  kubeconfig: string;
  /** `leaseSeconds` where not given. */
  leaseSeconds?: number;
  flags?: readonly string[];
  /** Default: `once`. */
  command?: 'once' | 'schedule';
  env?: Readonly<Record<string, string>>;
};

export type Once = {
  /** What its identity in the Lease begins with. */
  readonly name: string;
  /** The whole lines until now. */
  log(): LogLine[];
  /** The first line that fits, of those so far or to come; rejects where it ends without one. */
  logged(fits: (line: LogLine) => boolean, what: string): Promise<LogLine>;
  /** SIGKILL; resolves when it is dead. */
  kill(): Promise<void>;
  /** SIGSTOP; resolves when it stands still. */
  freeze(): Promise<void>;
  /** SIGCONT. */
  thaw(): void;
  /** Resolves when it has ended and its output is whole. */
  readonly ended: Promise<Run>;
};

/** Twice the least there is: a machine under load must not lose its leases by being slow. */
export const leaseSeconds = 10;

/** The start is all that costs much of a processor; too many at once would starve the holders. */
export const starts = pLimit(3);

const run = promisify(execFile);
const wallClockShift = join(import.meta.dirname, 'wall-clock-shift.ts');

/** Node options and variables of a process whose wall clock is so much ahead (or, negative, behind). */
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
  // Fills the compile cache, which a process that is killed does not do.
  await run(process.execPath, [program, '--version'], { env });
  return { program, env };
}

/** Starts a pass over a namespace that keeps its Lease there too. It is killed after the test. */
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
      // The signal is only on its way when kill() returns.
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

/** The line in which a pass says how it ended. */
export function summaryOf({ stdout, stderr }: Run): LogLine {
  const summary = logLines(stdout).findLast((line) => 'pass' in line);
  if (summary === undefined) throw new Error(`no summary of a pass: ${stdout}${stderr}`);
  return summary;
}

/** What happened to the lease, in order. */
export const leaseEventsOf = ({ stdout }: Run): LogLine[] =>
  logLines(stdout).filter((line) => 'leaseEvent' in line);

/** The machine had no time for a process, which therefore lost its lease: no fault of that one. */
export class TooSlow extends Error {}

/** @throws TooSlow where it lost its lease because it could not renew it in time */
export function fastEnough(run: Run): Run {
  const lost = leaseEventsOf(run).find(({ leaseEvent }) => leaseEvent === 'lost');
  if (run.status === 1 && lost !== undefined && /the last renewal was/.test(lost.msg)) {
    throw new TooSlow(`the machine is too slow for this test: ${run.stdout}`);
  }
  return run;
}

/** Does it anew, three times at the most, where the machine was too slow for it. */
export async function untilFastEnough<T>(work: () => Promise<T>): Promise<T> {
  for (let left = 3; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TooSlow) || left === 0) throw error;
    }
  }
}

/** Files of these tests that ran at the same time would starve the holders of each other. */
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

/** How long a lease that was taken over had been watched, in seconds, as the log says it. */
export function takeOverOf(run: Run): { from: string; unchangedForSeconds: number } | undefined {
  const line = leaseEventsOf(run).find(({ leaseEvent }) => leaseEvent === 'tookOver');
  const said = /took over .* from "?([^ ",]+)"?, unchanged for ([\d.]+) s/.exec(line?.msg ?? '');
  if (said === null) return undefined;
  return { from: said[1] ?? '', unchangedForSeconds: Number(said[2]) };
}
