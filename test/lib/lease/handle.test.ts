import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WaveCronError } from '../../../lib/errors.ts';
import { type LeaseLostError, LeaseReleasedError } from '../../../lib/lease/error.ts';
import type { LeaseHandle } from '../../../lib/lease/handle.ts';
import { heldBy, Stage } from './stage.ts';

const reset = new WaveCronError('the connection was reset', { canRetry: true });
const forbidden = new WaveCronError('leases is forbidden');

/** Makes all later updates fail. */
function breakUpdates(stage: Stage, error: Error = reset): void {
  stage.next('update', ...Array(100).fill({ fails: { when: 'before', error } }));
}

function assertLost(handle: LeaseHandle, stage: Stage): LeaseLostError {
  assert.equal(handle.isHeld(), false);
  const { error } = stage.event('lost');
  assert.equal(error.code, 'LeaseLost');
  assert.throws(() => handle.assertHeld(), error);
  assert.equal(handle.lost.aborted, true);
  assert.equal(handle.lost.reason, error);
  return error;
}

describe('a lease handle', () => {
  test('is renewed each third of the duration, and stays held', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    await stage.time.advance(60_000, () => assert.ok(handle.isHeld()));
    handle.assertHeld();
    assert.deepEqual(
      stage.lease.writes.map(({ renewTime }) => renewTime.slice(17, -5)),
      [
        '00.00',
        '05.00',
        '10.00',
        '15.00',
        '20.00',
        '25.00',
        '30.00',
        '35.00',
        '40.00',
        '45.00',
        '50.00',
        '55.00',
        '00.00',
      ],
    );
    assert.deepEqual(new Set(stage.lease.writes.map(({ acquireTime }) => acquireTime)).size, 1);
    assert.deepEqual(stage.kinds, ['acquired']);
  });

  test('is not affected by a step of the wall clock', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.clock.stepWallClock(3_600_000);
    await stage.time.advance(7_000, () => assert.ok(handle.isHeld()));
    stage.clock.stepWallClock(-7_200_000);
    await stage.time.advance(30_000, () => assert.ok(handle.isHeld()));
  });

  test('without successful renewals is lost two thirds of the duration after the last one, without a check', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    breakUpdates(stage);
    await stage.time.advance(9_999);
    assert.ok(handle.isHeld());
    assert.equal(handle.lost.aborted, false);
    await stage.time.advance(1);
    assert.equal(handle.lost.aborted, true);
    const error = assertLost(handle, stage);
    assert.match(
      error.message,
      /last renewal was 10\.0 s ago, and the limit is 10\.0 s \(last failure: the connection was reset\)/,
    );
    assert.equal(error.cause, reset);
  });

  test('that is lost stays lost, and sends no more writes', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    breakUpdates(stage);
    await stage.time.advance(10_000);
    assertLost(handle, stage);
    const asked = stage.requests.length;
    await stage.time.advance(60_000);
    assertLost(handle, stage);
    assert.equal(stage.requests.length, asked);
    assert.equal(stage.kinds.filter((kind) => kind === 'lost').length, 1);
  });

  for (const stoppedFor of [10_000, 15_000, 3_600_000]) {
    test(`of a process that was stopped for ${stoppedFor / 1000} s is lost at the first check after it continues`, async () => {
      const stage = new Stage();
      const handle = await stage.held();
      stage.clock.stopUntil(stoppedFor);
      // No timer of the stopped process has fired yet.
      await stage.time.advance(stoppedFor - 1);
      const asked = stage.requests.length;
      let first: boolean | undefined;
      await stage.time.advance(1, () => {
        first ??= handle.isHeld();
      });
      assert.equal(first, false);
      assertLost(handle, stage);
      assert.equal(stage.requests.length, asked);
    });
  }

  test('of a process that was stopped during a renewal is lost, although the renewal succeeded', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.next('update', { answerAfterMs: 100 });
    await stage.time.advance(5_050);
    stage.clock.stopUntil(60_000);
    await stage.time.advance(54_950);
    assertLost(handle, stage);
  });
});

describe('a renewal', () => {
  test('that fails is tried again soon', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.next('update', { fails: { when: 'before', error: reset } });
    await stage.time.advance(6_000, () => assert.ok(handle.isHeld()));
    assert.equal(stage.lease.writes.length, 2);
    assert.equal(stage.event('renewalFailed').validForMs, 5_000);
    await stage.time.advance(30_000, () => assert.ok(handle.isHeld()));
  });

  test('that is refused is tried again too, as long as the lease is held', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.next('update', ...Array(4).fill({ fails: { when: 'before', error: forbidden } }));
    await stage.time.advance(30_000, () => assert.ok(handle.isHeld()));
    assert.equal(stage.event('renewedLate').afterMs, 9_000);
  });

  test('with a lost response is recognized by the next try', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.next('update', { fails: { when: 'after', error: reset } });
    await stage.time.advance(6_000);
    assert.deepEqual(stage.requests.slice(2), ['update', 'update', 'get', 'update']);
    await stage.time.advance(30_000, () => assert.ok(handle.isHeld()));
  });

  test('without a response leaves time for another try', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.next('update', { answerAfterMs: 1_000_000 });
    await stage.time.advance(8_000);
    assert.match(String(stage.event('renewalFailed').error), /no response within 3\.0 s/);
    await stage.time.advance(30_000, () => assert.ok(handle.isHeld()));
  });

  test('with a late response does not count', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.next('update', ...Array(100).fill({ answerAfterMs: 3_500 }));
    await stage.time.advance(10_000);
    assertLost(handle, stage);
    await stage.time.advance(30_000);
    assertLost(handle, stage);
  });

  test('counts from before its request', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.next('update', { answerAfterMs: 2_000 });
    breakUpdates(stage);
    await stage.time.advance(14_999);
    assert.ok(handle.isHeld());
    await stage.time.advance(1);
    assertLost(handle, stage);
  });

  test('continues if a client has labeled the Lease', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.lease.touch();
    await stage.time.advance(30_000, () => assert.ok(handle.isHeld()));
  });

  test('gives up this try, but not the lease, if the Lease changes before each of its writes', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.next('update', ...Array(3).fill({ before: () => stage.lease.touch() }));
    await stage.time.advance(30_000, () => assert.ok(handle.isHeld()));
    assert.match(String(stage.event('renewalFailed').error), /changed before each of 3 writes/);
  });

  const losses: readonly { name: string; act: (stage: Stage) => void; text: RegExp }[] = [
    {
      name: 'another holder',
      act: ({ lease }) => lease.put(heldBy('thief')),
      text: /"thief" took it over/,
    },
    {
      name: 'an empty holder',
      act: ({ lease }) => lease.put(heldBy('')),
      text: /another client cleared its holder/,
    },
    {
      name: 'no Lease',
      act: ({ lease }) => lease.delete(),
      text: /another client deleted it/,
    },
    {
      name: 'another holder that comes between its read and its write',
      act: (stage) => {
        stage.lease.touch();
        stage.next('update', {}, { before: () => stage.lease.put(heldBy('thief')) });
      },
      text: /"thief" took it over/,
    },
  ];
  for (const { name, act, text } of losses) {
    test(`that finds ${name} loses the lease at once and does not overwrite the record`, async () => {
      const stage = new Stage();
      const handle = await stage.held();
      act(stage);
      await stage.time.advance(5_000);
      assert.match(assertLost(handle, stage).message, text);
      assert.equal(stage.event('lost').heldForMs, 5_000);
      const before = stage.lease.stored;
      assert.deepEqual(await handle.release(), { kind: 'notHeld' });
      assert.equal(stage.lease.stored, before);
    });
  }
});

describe('a release', () => {
  test('empties the holder, keeps the count of transitions, and stops the renewals', async () => {
    const stage = new Stage();
    stage.lease.put(heldBy(''));
    const handle = await stage.held();
    await stage.time.advance(7_000);
    assert.deepEqual(await handle.release(), { kind: 'released' });
    assert.deepEqual(stage.record, {
      holderIdentity: '',
      leaseDurationSeconds: 1,
      acquireTime: '2026-01-01T00:00:07.000000Z',
      renewTime: '2026-01-01T00:00:07.000000Z',
      leaseTransitions: 5,
    });
    assert.equal(stage.event('released').heldForMs, 7_000);
    const asked = stage.requests.length;
    await stage.time.advance(60_000);
    assert.equal(stage.requests.length, asked);
  });

  test('ends the hold at its very start, which does not count as a loss', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    const released = handle.release();
    assert.equal(handle.isHeld(), false);
    assert.throws(() => handle.assertHeld(), LeaseReleasedError);
    await released;
    assert.equal(handle.lost.aborted, false);
    assert.deepEqual(stage.kinds, ['acquired', 'released']);
  });

  test('lets the next process in at once', async () => {
    const stage = new Stage();
    await (await stage.held()).release();
    const next = await stage.held({ name: { podName: 'b', podUid: undefined, hostName: '' } });
    assert.ok(next.isHeld());
    assert.equal(stage.time.now, 0);
  });

  test('that keeps the lease held for some time keeps all others out for exactly this time', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    await stage.time.advance(7_000);
    assert.deepEqual(await handle.release(60), { kind: 'left' });
    assert.deepEqual(
      [stage.record.holderIdentity, stage.record.leaseDurationSeconds, stage.record.renewTime],
      [handle.identity, 60, '2026-01-01T00:00:07.000000Z'],
    );
    assert.equal(handle.isHeld(), false);
    assert.equal(stage.event('leftHeld').freeAfterMs, 60_000);
    const other = { name: { podName: 'b', podUid: undefined, hostName: '' } };
    const attempt = stage.acquire(other);
    let ended = false;
    attempt.then(() => {
      ended = true;
    });
    await stage.time.advance(59_000);
    assert.equal(ended, false);
    const outcome = await stage.outcome(attempt, 2_000);
    assert.equal(outcome.kind, 'held');
  });

  test("that keeps the lease held does not overwrite another process's record", async () => {
    for (const holder of ['', 'other']) {
      const stage = new Stage();
      const handle = await stage.held();
      stage.next('update', { before: () => stage.lease.put(heldBy(holder)) });
      assert.deepEqual(await handle.release(60), { kind: 'notHeld' });
      assert.equal(stage.lease.holder, holder);
    }
  });

  test('has no effect the second time, and returns the same result', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    const [one, two] = await Promise.all([handle.release(), handle.release()]);
    assert.equal(one, two);
    assert.equal(await handle.release(), one);
    assert.equal(stage.lease.writes.length, 2);
  });

  test('waits for a renewal that is under way', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.next('update', { answerAfterMs: 2_000 });
    await stage.time.advance(5_500);
    const released = handle.release();
    await stage.time.advance(1_499);
    assert.notEqual(stage.lease.holder, '');
    await stage.time.advance(1);
    assert.deepEqual(await released, { kind: 'released' });
    assert.deepEqual(stage.requests, ['get', 'create', 'update', 'update']);
  });

  test('succeeds even after a renewal without a response', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.next('update', { answerAfterMs: 1_000_000 });
    await stage.time.advance(5_500);
    const released = handle.release();
    await stage.time.advance(3_000);
    assert.deepEqual(await released, { kind: 'released' });
    assert.equal(stage.lease.holder, '');
  });

  test('of a lease that expired unnoticed does not change the record', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.clock.stopUntil(20_000);
    await stage.time.advance(19_999);
    stage.lease.put(heldBy('next'));
    assert.deepEqual(await handle.release(), { kind: 'notHeld' });
    assert.equal(stage.lease.holder, 'next');
    assertLost(handle, stage);
  });

  test('does not change a record of another holder, even if the clock says that the lease is held', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.lease.put(heldBy('thief'));
    assert.deepEqual(await handle.release(), { kind: 'notHeld' });
    assert.equal(stage.lease.holder, 'thief');
    assert.equal(stage.event('notReleased').holder, 'thief');
  });

  test('of a Lease that was deleted does not create it', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.lease.delete();
    assert.deepEqual(await handle.release(), { kind: 'notHeld' });
    assert.equal(stage.lease.stored, undefined);
  });

  test('that fails is returned and reported, not thrown', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    breakUpdates(stage, forbidden);
    assert.deepEqual(await handle.release(), { kind: 'failed', error: forbidden });
    assert.equal(stage.event('releaseFailed').freeAfterMs, 15_000);
  });

  test('without a response ends after a third of the duration', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.next('update', { answerAfterMs: 1_000_000 });
    const released = handle.release();
    await stage.time.advance(5_000);
    assert.equal((await released).kind, 'failed');
  });

  test('succeeds if a client has labeled the Lease', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.lease.touch();
    assert.deepEqual(await handle.release(), { kind: 'released' });
    assert.equal(stage.lease.holder, '');
  });

  test('fails if the Lease changes before each of its writes', async () => {
    const stage = new Stage();
    const handle = await stage.held();
    stage.next('update', ...Array(3).fill({ before: () => stage.lease.touch() }));
    const released = await handle.release();
    assert.equal(released.kind, 'failed');
    assert.match(String(released.error), /changed before each of 3 writes/);
  });
});
