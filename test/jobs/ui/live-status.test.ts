import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { StatusReport } from '../../../handler/status/status.ts';
import { type LiveState, LiveStatus } from '../../../jobs/ui/live-status.ts';
import { UnreachableError, UsageError } from '../../../lib/errors.ts';
import type { Clock } from '../../../lib/schedule/clock.ts';
import { statusReport, workloadStatus } from '../output/status-report.ts';

const web = workloadStatus('web', 'UpToDate');

/** A clock that only the test and the duration of reads advance. */
function clockOfATest() {
  let time = 0;
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const clock: Clock = {
    now: () => time,
    wallTime: () => new Date(0),
    sleep(ms, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      sleepers.push({ at: time + ms, wake: resolve });
      signal?.addEventListener('abort', () => reject(signal.reason));
      return promise;
    },
  };
  return {
    clock,
    take(ms: number): void {
      time += ms;
    },
    async pass(ms: number): Promise<void> {
      time += ms;
      const due = sleepers.filter(({ at }) => at <= time);
      sleepers = sleepers.filter(({ at }) => at > time);
      for (const { wake } of due) wake();
      await settled();
    },
  };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

async function started(
  results: readonly (StatusReport | Error)[],
  { readMs = 10, mayReadSome = true } = {},
) {
  const { clock, take, pass } = clockOfATest();
  const stop = new AbortController();
  let reads = 0;
  /** The names of the workloads in each read; undefined: all workloads. */
  const names: (string[] | undefined)[] = [];
  const live = await LiveStatus.start({
    mayReadSome,
    async read(only) {
      names.push(only?.workloads.map(({ name }) => name));
      const result = results[Math.min(reads, results.length - 1)];
      reads += 1;
      take(readMs);
      if (result instanceof Error || result === undefined) throw result;
      return result;
    },
    clock,
    signal: stop.signal,
  });
  const states: LiveState[] = [];
  let touched = 0;
  const view = (about = undefined as typeof web | undefined) =>
    live.open({
      about,
      state: (state) => states.push(state),
      touched: () => {
        touched += 1;
      },
    });
  const ended = live.run().catch((error: unknown) => error);
  await settled();
  return {
    ...{ live, pass, view, states, ended, names },
    reads: () => reads,
    touched: () => touched,
    async stop() {
      stop.abort(new Error('Ctrl-C'));
      return await ended;
    },
  };
}

const first = statusReport({ readAt: '1', workloads: [web] });
const same = statusReport({ readAt: '2', workloads: [web] });
const other = statusReport({ readAt: '3', workloads: [workloadStatus('web', 'RolloutFailed')] });

suite('the live status', () => {
  test('is not read while no page is open, and is read again as soon as one opens', async () => {
    const live = await started([first, same]);
    await live.pass(60_000);
    assert.equal(live.reads(), 1);
    const close = live.view();
    await settled();
    assert.equal(live.reads(), 2);
    close();
    await live.pass(1_500);
    await live.pass(60_000);
    assert.ok(live.reads() <= 3, String(live.reads()));
    assert.equal(await live.stop(), undefined);
  });

  test('has a new version only if something besides its time has changed', async () => {
    const live = await started([first, same, other]);
    live.view();
    await live.pass(1_500);
    await live.pass(1_500);
    assert.deepEqual(
      live.states.map(({ version, readAt }) => [version, readAt]),
      [
        [1, '1'],
        [1, '2'],
        [2, '3'],
      ],
    );
    await live.stop();
  });

  test('is read soon after a change that a watch reports', async () => {
    const live = await started([first, other]);
    live.view();
    live.live.changed();
    await settled();
    await live.pass(100);
    assert.equal(live.reads(), 1);
    await live.pass(100);
    assert.equal(live.reads(), 2);
    await live.stop();
  });

  test('spends at most a fifth of the time on reads, and half of the time during changes', async () => {
    const live = await started([first, same], { readMs: 2_000 });
    live.view();
    await live.pass(7_900);
    assert.equal(live.reads(), 1);
    await live.pass(100);
    assert.equal(live.reads(), 2);
    live.live.changed();
    await live.pass(1_900);
    assert.equal(live.reads(), 2);
    await live.pass(100);
    assert.equal(live.reads(), 3);
    await live.stop();
  });

  test('reads only the workloads that a watch reports, and keeps the states of the others', async () => {
    const api = workloadStatus('api', 'UpToDate');
    const both = statusReport({ readAt: '1', workloads: [api, web] });
    const failed = statusReport({
      readAt: '2',
      workloads: [workloadStatus('web', 'RolloutFailed')],
    });
    const gone = statusReport({ readAt: '3' });
    const live = await started([both, failed, gone]);
    live.view();
    live.live.touched(web);
    live.live.touched(web);
    await settled();
    assert.deepEqual(live.names, [undefined, ['web']]);
    const states = () => live.live.report.workloads.map(({ name, state }) => `${name} ${state}`);
    assert.deepEqual(states(), ['web RolloutFailed', 'api UpToDate']);
    assert.equal(live.states.at(-1)?.version, 2);
    live.live.touched(api);
    await settled();
    assert.equal(live.reads(), 2);
    await live.pass(200);
    assert.deepEqual(live.names.at(-1), ['api']);
    assert.deepEqual(states(), ['web RolloutFailed']);
    await live.stop();
  });

  test('reads all workloads if a source or many workloads have changed, or if the settings require it', async () => {
    const many = [...Array(101).keys()].map((index) => ({ ...web, name: `web-${index}` }));
    for (const [touched, mayReadSome] of [
      [[{ namespace: 'shop' }], true],
      [many, true],
      [[web], false],
    ] as const) {
      const live = await started([first, same], { mayReadSome });
      live.view();
      for (const each of touched) live.live.touched(each);
      await settled();
      await live.pass(200);
      assert.deepEqual(live.names, [undefined, undefined]);
      await live.stop();
    }
  });

  test('reads all workloads soon if some cannot be read without the others', async () => {
    const live = await started([first, new UnreachableError('it needs a full pass'), same]);
    live.view();
    live.live.touched(web);
    await settled();
    assert.deepEqual(live.states.at(-1), { version: 1, readAt: '1', problem: null });
    await live.pass(200);
    assert.deepEqual(live.names, [undefined, ['web'], undefined]);
    await live.stop();
  });

  test('keeps its report after a failed read, shows the reason, and continues', async () => {
    const live = await started([first, new UnreachableError('it is down'), same]);
    live.view();
    await live.pass(1_500);
    assert.deepEqual(live.states.at(-1), { version: 1, readAt: '1', problem: 'it is down' });
    await live.pass(1_500);
    assert.deepEqual(live.states.at(-1), { version: 1, readAt: '2', problem: null });
    await live.stop();
  });

  test('ends with an error that would occur again in each later read', async () => {
    const wrong = new UsageError('the settings are wrong');
    const live = await started([first, wrong]);
    live.view();
    await live.pass(1_500);
    assert.equal(await live.ended, wrong);
  });

  test('reports to the page of a workload only the changes of this workload', async () => {
    const live = await started([first]);
    live.view(web);
    live.live.touched({ kind: 'Deployment', namespace: 'shop', name: 'other' });
    live.live.touched({ namespace: 'elsewhere' });
    assert.equal(live.touched(), 0);
    live.live.touched({ kind: 'Deployment', namespace: 'shop', name: 'web' });
    live.live.touched({ namespace: 'shop' });
    assert.equal(live.touched(), 2);
    await live.stop();
  });
});
