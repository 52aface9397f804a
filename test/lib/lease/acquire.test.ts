import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UsageError, WaveCronError } from '../../../lib/errors.ts';
import { ForeignLeaseError } from '../../../lib/lease/error.ts';
import type { LockCall } from '../../../lib/lease/lock.ts';
import { heldBy, Stage } from './stage.ts';

const free = heldBy('', { leaseDurationSeconds: 1 });

describe('a free lease is acquired at once', () => {
  const cases: readonly { name: string; spec: unknown; annotated: boolean; transitions: number }[] =
    [
      { name: 'released by its last holder', spec: free, annotated: true, transitions: 5 },
      {
        name: 'holder null',
        spec: { ...free, holderIdentity: null },
        annotated: true,
        transitions: 5,
      },
      {
        name: 'made by an administrator, no spec',
        spec: undefined,
        annotated: false,
        transitions: 1,
      },
      { name: 'made by an administrator, spec null', spec: null, annotated: false, transitions: 1 },
      { name: 'made by an administrator, spec {}', spec: {}, annotated: false, transitions: 1 },
      {
        name: 'made by an administrator, with a duration',
        spec: { leaseDurationSeconds: 15 },
        annotated: false,
        transitions: 1,
      },
      { name: 'spec is a text', spec: 'nonsense', annotated: true, transitions: 1 },
      {
        name: 'transitions at the maximum of the API',
        spec: { ...free, leaseTransitions: 2_147_483_647 },
        annotated: true,
        transitions: 0,
      },
    ];
  for (const { name, spec, annotated, transitions } of cases) {
    test(name, async () => {
      const stage = new Stage();
      stage.lease.put(spec, { annotated });
      const handle = await stage.held();
      assert.deepEqual(stage.record, {
        holderIdentity: handle.identity,
        leaseDurationSeconds: 15,
        acquireTime: '2026-01-01T00:00:00.000000Z',
        renewTime: '2026-01-01T00:00:00.000000Z',
        leaseTransitions: transitions,
      });
      assert.equal(stage.event('acquired').created, false);
      assert.equal(stage.time.now, 0);
    });
  }

  test('if there is no Lease, it is created, with no transition', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    assert.equal(stage.lease.holder, handle.identity);
    assert.equal(stage.record.leaseTransitions, 0);
    assert.equal(stage.event('acquired').created, true);
    assert.deepEqual(stage.requests, ['get', 'create']);
  });
});

describe('a holder without renewals is taken over when its time has passed, and not before', () => {
  const cases: readonly { name: string; fields: Record<string, unknown>; afterMs: number }[] = [
    { name: 'the same duration', fields: {}, afterMs: 15_000 },
    { name: 'a longer duration: its own', fields: { leaseDurationSeconds: 40 }, afterMs: 40_000 },
    {
      name: 'a duration that a pass could not outwait: half of its time-out',
      fields: { leaseDurationSeconds: 3600 },
      afterMs: 150_000,
    },
    {
      name: 'a shorter duration: its own counts',
      fields: { leaseDurationSeconds: 5 },
      afterMs: 15_000,
    },
    { name: 'no duration', fields: { leaseDurationSeconds: undefined }, afterMs: 15_000 },
    { name: 'duration null', fields: { leaseDurationSeconds: null }, afterMs: 15_000 },
    { name: 'duration 0', fields: { leaseDurationSeconds: 0 }, afterMs: 15_000 },
    { name: 'a negative duration', fields: { leaseDurationSeconds: -1 }, afterMs: 15_000 },
    { name: 'a duration of years', fields: { leaseDurationSeconds: 2 ** 31 - 1 }, afterMs: 15_000 },
    { name: 'a duration that is a text', fields: { leaseDurationSeconds: '40' }, afterMs: 15_000 },
    { name: 'invalid times', fields: { acquireTime: 'x', renewTime: 7 }, afterMs: 15_000 },
    { name: 'renewed a year ago', fields: { renewTime: '2025-01-01T00:00:00Z' }, afterMs: 15_000 },
    { name: 'renewed in a year', fields: { renewTime: '2027-01-01T00:00:00Z' }, afterMs: 15_000 },
  ];
  for (const { name, fields, afterMs } of cases) {
    test(name, async () => {
      const stage = new Stage();
      stage.lease.put(heldBy('other', fields));
      const attempt = stage.acquire();
      await stage.time.advance(afterMs - 1);
      assert.equal(stage.lease.holder, 'other');
      assert.equal((await stage.outcome(attempt, 1)).kind, 'held');
      assert.equal(stage.record.leaseTransitions, 5);
      const { from, unchangedForMs } = stage.event('tookOver');
      assert.deepEqual({ from, unchangedForMs }, { from: 'other', unchangedForMs: afterMs });
    });
  }
});

describe('a holder with renewals keeps the lease', () => {
  test('a renewal is seen: the lease is reported as held at once', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy('other'));
    const attempt = stage.acquire();
    await stage.time.advance(4_000);
    stage.lease.put(heldBy('other', { renewTime: '2026-01-01T00:00:47.000000Z' }));
    assert.deepEqual(await stage.outcome(attempt, 2_000), {
      kind: 'heldByOther',
      holder: 'other',
      heldForMs: 47_000,
      seen: 'renewed',
      watchedForMs: 4_500,
    });
    assert.deepEqual(stage.kinds, ['watching', 'heldByOther']);
    assert.deepEqual(stage.lease.writes, []);
  });

  test('a renewal in the last instant, after the last check, is not overwritten', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy('other'));
    stage.next('update', {
      before: () => stage.lease.put(heldBy('other', { renewTime: '2026-01-01T00:00:47Z' })),
    });
    const outcome = await stage.outcome(stage.acquire(), 20_000);
    assert.equal(outcome.kind, 'heldByOther');
    assert.equal(stage.lease.holder, 'other');
  });

  test('another process takes the lease during the watch: it is the holder', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy('other'));
    const attempt = stage.acquire();
    await stage.time.advance(4_000);
    stage.lease.put(heldBy('third'));
    const outcome = await stage.outcome(attempt, 2_000);
    assert.equal(outcome.kind, 'heldByOther');
    assert.equal(outcome.holder, 'third');
    assert.equal(outcome.seen, 'changedHands');
  });

  for (const [name, spec] of [
    ['a free lease', free],
    ['a Lease that does not exist', undefined],
  ] as const) {
    test(`another process is faster at ${name}: it is the holder, without a watch`, async () => {
      const stage = new Stage();
      if (spec !== undefined) stage.lease.put(spec);
      const faster = { before: () => stage.lease.put(heldBy('faster')) };
      stage.next('update', faster);
      stage.next('create', faster);
      const outcome = await stage.outcome(stage.acquire(), 100);
      assert.equal(outcome.kind, 'heldByOther');
      assert.equal(outcome.holder, 'faster');
      assert.deepEqual(stage.kinds, ['heldByOther']);
    });
  }

  test('the times in a record are only reported, and left out if they make no sense', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy('other', { acquireTime: '2026-01-02T00:00:00Z' }));
    const attempt = stage.acquire();
    await stage.time.advance(1);
    stage.lease.put(heldBy('other', { acquireTime: null }));
    const outcome = await stage.outcome(attempt, 2_000);
    assert.equal(outcome.kind, 'heldByOther');
    assert.equal(outcome.heldForMs, undefined);
    assert.equal(stage.event('watching').heldForMs, undefined);
  });
});

describe('during the watch', () => {
  test('the holder releases: acquired at the next check', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy('other'));
    const attempt = stage.acquire();
    await stage.time.advance(4_000);
    stage.lease.put(free);
    assert.equal((await stage.outcome(attempt, 1_000)).kind, 'held');
    assert.deepEqual(stage.kinds, ['watching', 'acquired']);
  });

  test('the holder releases, and a released lease is not to be taken: it counts as held by this holder', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy('other'));
    const attempt = stage.acquire({ ifReleased: 'leave' });
    await stage.time.advance(4_000);
    stage.lease.put(free);
    const outcome = await stage.outcome(attempt, 1_000);
    assert.equal(outcome.kind, 'heldByOther');
    assert.equal(outcome.holder, 'other');
    assert.equal(outcome.seen, 'released');
    assert.deepEqual(stage.lease.writes, []);
  });

  test('a lease that is free at the first check is taken, even if a released one is not to be taken', async () => {
    const stage = new Stage();
    stage.lease.put(free);
    assert.equal((await stage.acquire({ ifReleased: 'leave' })).kind, 'held');
  });

  test('a dead holder is taken over, even if a released lease is not to be taken', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy('other'));
    const attempt = stage.acquire({ ifReleased: 'leave' });
    assert.equal((await stage.outcome(attempt, 20_000)).kind, 'held');
  });

  test('the Lease is deleted: created at the next check', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy('other'));
    const attempt = stage.acquire();
    await stage.time.advance(4_000);
    stage.lease.delete();
    assert.equal((await stage.outcome(attempt, 1_000)).kind, 'held');
    assert.equal(stage.event('acquired').created, true);
  });

  test('a client labels the Lease: the watch starts again, and the label does not count as a renewal', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy('dead'));
    const attempt = stage.acquire();
    await stage.time.advance(10_000);
    stage.lease.touch();
    await stage.time.advance(14_000);
    assert.equal(stage.lease.holder, 'dead');
    assert.equal((await stage.outcome(attempt, 3_000)).kind, 'held');
    assert.ok(stage.event('tookOver').unchangedForMs >= 15_000);
  });

  test('the watch counts from the response to the first check, not from its request', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy('dead'));
    stage.next('get', { answerAfterMs: 9_000 });
    const attempt = stage.acquire();
    await stage.time.advance(23_999);
    assert.equal(stage.lease.holder, 'dead');
    assert.equal((await stage.outcome(attempt, 1)).kind, 'held');
  });

  test('a step of the wall clock changes nothing', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy('dead'));
    const attempt = stage.acquire();
    await stage.time.advance(7_000);
    stage.clock.stepWallClock(3_600_000);
    await stage.time.advance(7_999);
    assert.equal(stage.lease.holder, 'dead');
    stage.clock.stepWallClock(-7_200_000);
    assert.equal((await stage.outcome(attempt, 1)).kind, 'held');
  });

  test('the signal ends the attempt, with its reason', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy('other'));
    const stop = new AbortController();
    const attempt = stage.acquire({ signal: stop.signal });
    const refused = assert.rejects(attempt, /SIGTERM/);
    await stage.time.advance(4_000);
    stop.abort(new Error('SIGTERM'));
    await refused;
    const asked = stage.requests.length;
    await stage.time.advance(60_000);
    assert.equal(stage.requests.length, asked);
  });
});

describe('wall clocks an hour apart change nothing', () => {
  for (const hours of [-1, 1]) {
    test(`${hours} h: a living holder is recognized, and a dead one keeps its whole time`, async () => {
      const stage = new Stage();
      const handle = await stage.held();
      const contender = {
        name: { podName: 'wave-cron-2', podUid: 'uid-2', hostName: 'host' },
        clock: stage.time.clock({ wallTime: new Date(Date.UTC(2026, 0, 1, hours)) }),
      };
      const outcome = await stage.outcome(stage.acquire(contender), 6_000);
      assert.equal(outcome.kind, 'heldByOther');
      assert.equal(outcome.holder, handle.identity);
      assert.ok(handle.isHeld());

      stage.clock.stopUntil(Number.POSITIVE_INFINITY);
      const later = stage.acquire(contender);
      await stage.time.advance(14_999);
      assert.equal(stage.lease.holder, handle.identity);
      assert.equal((await stage.outcome(later, 1)).kind, 'held');
      assert.equal(handle.isHeld(), false);
    });
  }
});

describe('a Lease of another program is an error, and is never overwritten', () => {
  for (const [name, spec, text] of [
    ['held', heldBy('kube-scheduler_1'), /held by "kube-scheduler_1"/],
    ['free at the moment', free, /it is free/],
    ['only once renewed', { renewTime: '2026-01-01T00:00:00Z' }, /it is free/],
    [
      'held by a name that would break the line',
      heldBy('a\n\u001b[2Jb'),
      /"a\\u\{a\}\\u\{1b\}\[2Jb"/,
    ],
  ] as const) {
    test(name, async () => {
      const stage = new Stage();
      stage.lease.put(spec, { annotated: false });
      await assert.rejects(stage.acquire(), (error) => {
        assert.ok(error instanceof ForeignLeaseError);
        assert.match(error.message, text);
        assert.match(error.message, /^Lease default\/wave-cron .*set lease\.name/);
        assert.equal(error.exit, 2);
        return true;
      });
      assert.deepEqual(stage.requests, ['get']);
    });
  }
});

describe('failures', () => {
  test('an acquisition with a lost response is recognized, without a wait and without another acquisition', async () => {
    // An HTTP layer may repeat the request. The first try took effect, so the second one conflicts.
    const stage = new Stage();
    stage.lease.put(free);
    const lock = stage.lease.lock();
    let lostOne = false;
    const handle = await stage.outcome(
      stage.acquire({
        lock: {
          ...lock,
          async update(record, version, call) {
            if (!lostOne) await lock.update(record, version, call);
            lostOne = true;
            return lock.update(record, version, call);
          },
        },
      }),
      100,
    );
    assert.equal(handle.kind, 'held');
    assert.deepEqual(
      stage.lease.writes.map(({ leaseTransitions }) => leaseTransitions),
      [5],
    );
    assert.deepEqual(stage.kinds, ['acquired']);
  });

  test('a takeover with a lost response is reported as a takeover', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy('dead'));
    const lock = stage.lease.lock();
    let lostOne = false;
    const attempt = stage.acquire({
      lock: {
        ...lock,
        async update(record, version, call) {
          if (!lostOne) await lock.update(record, version, call);
          lostOne = true;
          return lock.update(record, version, call);
        },
      },
    });
    assert.equal((await stage.outcome(attempt, 15_500)).kind, 'held');
    assert.deepEqual(stage.kinds, ['watching', 'tookOver']);
    assert.equal(stage.event('tookOver').from, 'dead');
  });

  for (const verb of ['get', 'create'] as const) {
    test(`a ${verb} that fails ends the attempt with its error`, async () => {
      const stage = new Stage();
      const error = new WaveCronError('forbidden');
      stage.next(verb, { fails: { when: 'before', error } });
      await assert.rejects(stage.acquire(), error);
    });
  }

  test('an acquisition that took longer than a lease is valid is repeated', async () => {
    const stage = new Stage();
    stage.next('create', { answerAfterMs: 10_000 });
    const outcome = await stage.outcome(stage.acquire(), 10_000);
    assert.equal(outcome.kind, 'held');
    assert.ok(outcome.handle.isHeld());
    assert.deepEqual(stage.requests, ['get', 'create', 'get', 'update']);
  });

  test('an acquisition that took so long that another process has taken over does not count', async () => {
    const stage = new Stage();
    stage.next('create', { answerAfterMs: 30_000 });
    const attempt = stage.acquire();
    await stage.time.advance(29_000);
    stage.lease.put(heldBy('next'));
    const outcome = await stage.outcome(attempt, 1_000);
    assert.equal(outcome.kind, 'heldByOther');
    assert.equal(outcome.holder, 'next');
  });

  test('a signal during the acquisition lets it finish, and the lease is held', async () => {
    const stage = new Stage();
    const stop = new AbortController();
    const lock = stage.lease.lock();
    const calls: LockCall[] = [];
    const outcome = await stage.acquire({
      signal: stop.signal,
      lock: {
        ...lock,
        create(record, call) {
          calls.push(call);
          stop.abort();
          return lock.create(record, call);
        },
      },
    });
    assert.deepEqual(calls, [{ stopRetrying: stop.signal, retry: true }]);
    assert.equal(outcome.kind, 'held');
    assert.deepEqual(await outcome.handle.release(), { kind: 'released' });
  });

  for (const durationSeconds of [0, -15, 4, 15.5, 3601, Number.NaN, Number.POSITIVE_INFINITY]) {
    test(`a duration of ${durationSeconds} s is rejected before any request`, async () => {
      const stage = new Stage();
      await assert.rejects(stage.acquire({ durationSeconds }), UsageError);
      assert.deepEqual(stage.requests, []);
    });
  }
});
