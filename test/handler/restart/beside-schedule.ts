/**
 * The program `schedule` beside an application: a pass each second, with restart: if-stale.
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
   * Does `work`, and lets no pass read a source while it is under way. A pass between two writes of one
   * upgrade would see the first alone, and may roll the workload for it.
   */
  unseen<T>(work: () => Promise<T>): Promise<T>;
  /** Returns when a pass that begins from now on gives this reason to the application. */
  reason(reason: string): Promise<void>;
  /** Returns when the application is done, and UpToDate for a pass that began later. */
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
    // An hour of upgrades takes a minute here.
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

/** When the pass of a summary began. */
const beginOf = ({ time, durationMs }: LogLine): number =>
  Date.parse(String(time)) - Number(durationMs);

/** What it says of the only workload. */
const reasonIn = ({ counts }: LogLine): string => Object.keys(counts ?? {}).join();

/** Many may pass at once, and none while it is closed. */
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
