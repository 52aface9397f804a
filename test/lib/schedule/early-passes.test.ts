import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type EarlyEnd,
  EarlyPasses,
  type EarlyScope,
  type NamedScope,
} from '../../../lib/schedule/early-passes.ts';
import { atIntervals, type TickCause, tick } from '../../../lib/schedule/ticks.ts';
import { mulberry32 } from '../../mulberry32.ts';
import { seeds } from '../lease/world.ts';
import { FakeTime } from './fake-clock.ts';

const minute = 60_000;

test('the first request of a burst starts a pass at once, and the others share the pass after it', async () => {
  const { early, passes, advance } = passing({ passMs: 300 });
  await advance(10_000);
  assert.deepEqual(early.request('all'), { when: 'now', gathered: false });
  await advance(1);
  for (let each = 0; each < 50; each += 1) {
    assert.deepEqual(early.request('all'), { when: 'afterRunningPass', gathered: each > 0 });
  }
  await advance(20_000);
  assert.deepEqual(passes.slice(1), [
    { at: 10_000, cause: 'request', requests: 1 },
    { at: 11_000, cause: 'request', requests: 50 },
  ]);
});

test('a request between two passes of a burst gets the length of its wait', async () => {
  const { early, passes, advance } = passing({ passMs: 300 });
  await advance(10_000);
  early.request('all');
  await advance(400);
  assert.deepEqual(early.request('all'), { when: 'later', inMs: 600, gathered: false });
  await advance(5_000);
  assert.deepEqual(
    passes.map(({ at }) => at),
    [0, 10_000, 11_000],
  );
});

test('with ten thousand requests a second, there is one pass a second, and no pass of the schedule is delayed or skipped', async () => {
  const { early, time, passes, skipped, advance } = passing({ passMs: 20, intervalMs: 7_300 });
  const storm = async (): Promise<void> => {
    for (let ms = 0; ms < 30_000; ms += 10) {
      await time.at(ms);
      for (let each = 0; each < 100; each += 1) early.request('all');
    }
  };
  void storm();
  await advance(40_000);
  const scheduled = passes.filter(({ cause }) => cause === 'schedule').map(({ at }) => at);
  assert.deepEqual(
    scheduled.map((at, tickNumber) => at - tickNumber * 7_300 <= 20),
    [true, true, true, true, true, true],
  );
  const starts = passes.filter(({ cause }) => cause === 'request').map(({ at }) => at);
  assert.ok(starts.length >= 25 && starts.length <= 31, `${starts.length} early passes`);
  starts.slice(1).forEach((at, before) => {
    assert.ok(at - (starts[before] ?? 0) >= 1_000);
  });
  assert.deepEqual(skipped, []);
});

test('a tick of the schedule that is due during an early pass follows it, before the next early one', async () => {
  const { early, passes, skipped, advance } = passing({ passMs: 5_000, intervalMs: minute });
  await advance(58_000);
  early.request('all');
  await advance(1_000);
  early.request('all');
  await advance(30_000);
  assert.deepEqual(passes.slice(1), [
    { at: 58_000, cause: 'request', requests: 1 },
    // This pass begins after the second request, so the request needs no early pass.
    { at: 63_000, cause: 'schedule', requests: 1 },
  ]);
  assert.deepEqual(skipped, []);
});

test('a request does not wait for the jitter of the schedule', async () => {
  const { early, passes, advance } = passing({ passMs: 10, intervalMs: minute, jitterMs: 20_000 });
  await advance(65_000);
  early.request('all');
  await advance(20_000);
  assert.deepEqual(
    passes.map(({ at, cause }) => [at, cause]),
    [
      [0, 'schedule'],
      [65_000, 'request'],
      [70_000, 'schedule'],
    ],
  );
});

test('if another process held the Lease, the request gets another pass, until one is done', async () => {
  const ends: EarlyEnd[] = ['done', 'held', 'held', 'done'];
  const { early, passes, advance } = passing({ passMs: 1_500, ends });
  await advance(10_000);
  early.request(named({ namespaces: ['a'] }));
  await advance(30_000);
  assert.deepEqual(
    passes.map(({ at, requests }) => [at, requests]),
    [
      [0, 0],
      [10_000, 1],
      [11_500, 1],
      [13_000, 1],
    ],
  );
});

test('a scheduled pass that did not get the Lease gives its requests back', async () => {
  const ends: EarlyEnd[] = ['done', 'done', 'held', 'done'];
  const { early, passes, advance } = passing({ passMs: 2_000, intervalMs: minute, ends });
  await advance(59_000);
  early.request('all');
  await advance(500);
  early.request('all');
  await advance(10_000);
  assert.deepEqual(passes.slice(2), [
    { at: 61_000, cause: 'schedule', requests: 1 },
    { at: 63_000, cause: 'request', requests: 1 },
  ]);
});

test('after failed passes the requests are kept, and the wait doubles up to 30 s', async () => {
  const ends: EarlyEnd[] = ['done', ...Array<EarlyEnd>(7).fill('failed'), 'done'];
  const { early, passes, advance } = passing({ ends });
  await advance(10_000);
  early.request('all');
  await advance(5 * minute);
  const starts = passes.slice(1).map(({ at }) => at);
  assert.deepEqual(
    starts.slice(1).map((at, before) => (at - (starts[before] ?? 0)) / 1_000),
    [2, 4, 8, 16, 30, 30, 30],
  );
});

test('after an interruption, no early pass begins, and the current one is waited for', async () => {
  const { early, passes, state, stop, advance } = passing({ passMs: 5_000 });
  await advance(10_000);
  early.request('all');
  await advance(1_000);
  early.request('all');
  stop();
  await advance(3_000);
  assert.equal(state.ended, false);
  await advance(minute);
  assert.deepEqual([passes.length, state.ended], [2, true]);
});

test('the names in all requests of a pass are joined', () => {
  const scopes: readonly [EarlyScope[], EarlyScope][] = [
    [[named({ sources: ['ConfigMap/a/x'] })], named({ sources: ['ConfigMap/a/x'] })],
    [
      [
        named({ sources: ['ConfigMap/a/x'] }),
        named({ sources: ['Secret/a/y'] }),
        named({ sources: ['ConfigMap/a/x'], namespaces: ['b'] }),
        named({ workloads: ['Deployment/c/d'] }),
      ],
      named({
        sources: ['ConfigMap/a/x', 'Secret/a/y'],
        namespaces: ['b'],
        workloads: ['Deployment/c/d'],
      }),
    ],
    [[named({ namespaces: ['a'] }), 'all', named({ namespaces: ['b'] })], 'all'],
    [
      [named({ namespaces: ['a', 'b', 'c'] }), named({ sources: ['Secret/a/d', 'Secret/a/e'] })],
      'all',
    ],
  ];
  for (const [requested, scope] of scopes) {
    const early = new EarlyPasses({ clock: new FakeTime().clock(), maxNames: 4 });
    for (const each of requested) early.request(each);
    const begun = early.begin(true);
    assert.deepEqual([begun?.scope, begun?.requests], [scope, requested.length]);
  }
});

test('every request gets a finished pass that began after it, in any sequence of events', async () => {
  for (const seed of seeds(1, 60)) {
    const random = mulberry32(seed);
    const { early, time, passes, done, advance } = passing({
      intervalMs: 1_000 + random() * 20_000,
      jitterMs: random() < 0.5 ? 0 : 3_000,
      random,
      passMs: () => random() * 4_000,
      ends: () => (random() < 0.5 ? 'done' : random() < 0.5 ? 'held' : 'failed'),
    });
    const requested: { readonly at: number; readonly namespace: string }[] = [];
    const requesting = async (): Promise<void> => {
      for (let at = 0; at < minute; at += random() < 0.7 ? random() * 50 : random() * 9_000) {
        await time.at(at);
        const namespace = `n${requested.length}`;
        requested.push({ at: time.now, namespace });
        early.request(random() < 0.99 ? named({ namespaces: [namespace] }) : 'all');
      }
    };
    void requesting();
    await advance(10 * minute);
    for (const { at, namespace } of requested) {
      const covers = (scope: EarlyScope) => scope === 'all' || scope.namespaces.has(namespace);
      const isCovered = done.some((pass) => pass.at >= at && covers(pass.scope));
      assert.ok(isCovered, `seed ${seed}: no pass for the request at ${at} ms`);
    }
    const starts = passes.filter(({ cause }) => cause === 'request').map(({ at }) => at);
    starts.slice(1).forEach((at, before) => {
      assert.ok(at - (starts[before] ?? 0) >= 1_000, `seed ${seed}: two early passes within 1 s`);
    });
  }
});

interface Started {
  readonly at: number;
  readonly cause: TickCause;
  readonly requests: number;
}

function named(names: Partial<Record<keyof NamedScope, readonly string[]>>): NamedScope {
  const { sources = [], namespaces = [], workloads = [] } = names;
  return {
    sources: new Set(sources),
    namespaces: new Set(namespaces),
    workloads: new Set(workloads),
  };
}

/** Ticks with early passes, each of which lasts `passMs`. `ends` are the results of the first passes. */
function passing({
  passMs = 0,
  intervalMs = 60 * minute,
  jitterMs = 0,
  random = () => 0.5,
  ends = [],
}: {
  readonly passMs?: number | (() => number);
  readonly intervalMs?: number;
  readonly jitterMs?: number;
  readonly random?: () => number;
  readonly ends?: readonly EarlyEnd[] | (() => EarlyEnd);
}) {
  const time = new FakeTime();
  const clock = time.clock();
  const early = new EarlyPasses({ clock });
  const stopping = new AbortController();
  const passes: Started[] = [];
  const done: { readonly at: number; readonly scope: EarlyScope }[] = [];
  const skipped: number[] = [];
  const state = { ended: false, isPassing: false };
  const onTick = async (cause: TickCause): Promise<void> => {
    assert.equal(state.isPassing, false);
    state.isPassing = true;
    const begun = early.begin(cause === 'request');
    const { scope, requests } = begun ?? { scope: 'all', requests: 0 };
    const end = typeof ends === 'function' ? ends() : (ends[passes.length] ?? 'done');
    const at = time.now;
    passes.push({ at, cause, requests });
    const ms = typeof passMs === 'function' ? passMs() : passMs;
    if (ms > 0) await clock.sleep(ms);
    if (end === 'done') done.push({ at, scope: cause === 'schedule' ? 'all' : scope });
    state.isPassing = false;
    early.end(end);
  };
  const onSkipped = () => skipped.push(time.now);
  const pace = atIntervals(clock, intervalMs);
  const options = { pace, early, clock, jitterMs, random, onTick, onSkipped };
  void tick(options, stopping.signal).then(() => {
    state.ended = true;
  });
  return {
    ...{ early, time, passes, done, skipped, state },
    stop: () => stopping.abort(),
    advance: (ms: number) => time.advance(ms),
  };
}
