import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../lib/schedule/clock.ts';

test('the monotonic clock never goes back, and continues while the process does nothing', () => {
  const before = systemClock.now();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  assert.ok(systemClock.now() - before >= 19);
});

test('a sleep ends with the reason of its signal, even if that was aborted before', async () => {
  const stop = new AbortController();
  const reason = new Error('SIGTERM');
  const sleeping = systemClock.sleep(1_000_000_000_000, stop.signal);
  stop.abort(reason);
  await assert.rejects(sleeping, reason);
  await assert.rejects(systemClock.sleep(0, stop.signal), reason);
});

test('a sleep of zero or negative time ends', async () => {
  await systemClock.sleep(0);
  await systemClock.sleep(-1);
});
