/**
 * The program `schedule` runs next to an application, with `restart: if-stale` and a pass each second.
 *
 *     const schedule = await startSchedule(t, app);
 *     await schedule.unseen(() => upgrade(app, 'B'));
 *     await schedule.settled();
 */
import type { TestContext } from 'node:test';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { type LogLine, startProgram } from '../../jobs/run-program.ts';
import type { App } from './app.ts';

export interface Schedule {
  /**
   * Runs `work`. Until it ends, no pass can read a source. A pass between two writes of an upgrade would see
   * only the first one, and might roll the workload because of it.
   */
  unseen<T>(work: () => Promise<T>): Promise<T>;
  /** Returns when a pass that begins after this call ends with this reason for the application. */
  reason(reason: string): Promise<void>;
  /** Returns when the application has no rollout under way, and a later pass gives UpToDate. */
  settled(): Promise<void>;
}

export async function startSchedule(
  t: TestContext,
  app: App,
  { clockTolerance = '0s' } = {},
): Promise<Schedule> {
  const { namespace } = app;
  const proxy = await faultProxy(t);
  const gate = new Gate();
  proxy.on('GET', /\/configmaps\//, async ({ forward, reply }) =>
    reply(await gate.pass(() => forward())),
  );
  const program = startProgram([
    ...['schedule', '--kubeconfig', proxy.kubeconfig(), '--listen', '127.0.0.1:0'],
    ...['--namespaces', namespace, '--lease-namespace', namespace, '--resync-interval', '1s'],
    ...['--restart', 'if-stale', '--clock-tolerance', clockTolerance],
    // No limit, because a test does the upgrades of an hour within a minute.
    ...['--rollouts-limit-count', '0'],
  ]);
  t.after(async () => {
    program.kill('SIGKILL');
    await program.ended;
  });
  const isPass = (line: LogLine) => line['pass'] === 'Completed';
  const reason: Schedule['reason'] = async (wanted) => {
    const now = Date.now();
    const fits = (line: LogLine) =>
      isPass(line) && beginOf(line) >= now && reasonIn(line) === wanted;
    await program.logged(fits, `a pass with ${wanted}`);
  };
  await program.logged(isPass, 'a pass');
  return {
    reason,
    unseen: (work) => gate.closed(work),
    async settled() {
      for (let before = -1; before !== (await app.rollouts()); ) {
        before = await app.rollouts();
        await app.done();
        await reason('UpToDate');
      }
    },
  };
}

/** The time at which a pass began, from the line with its summary. */
const beginOf = ({ time, durationMs }: LogLine): number =>
  Date.parse(String(time)) - Number(durationMs);

/** The reason of the only workload. */
const reasonIn = ({ counts }: LogLine): string => Object.keys(counts ?? {}).join();

/** Work may pass at any time, except while the gate is closed. */
class Gate {
  readonly #passing = new Set<Promise<unknown>>();
  #open: Promise<void> = Promise.resolve();

  async pass<T>(work: () => Promise<T>): Promise<T> {
    for (let open: Promise<void> | undefined; open !== this.#open; ) {
      open = this.#open;
      await open;
    }
    const passing = work();
    this.#passing.add(passing);
    return await passing.finally(() => this.#passing.delete(passing));
  }

  async closed<T>(work: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#open = promise;
    try {
      await Promise.allSettled(this.#passing);
      return await work();
    } finally {
      resolve();
    }
  }
}
