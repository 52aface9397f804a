import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../../../lib/errors.ts';
import { leaseClaims, leaseDurationBounds, leaseTiming } from '../../../lib/lease/timing.ts';

test('for every valid duration, the times of an election fit together', () => {
  const { least, most } = leaseDurationBounds;
  for (let seconds = least; seconds <= most; seconds += 1) {
    const timing = leaseTiming(seconds);
    assert.equal(timing.durationMs, seconds * 1000);
    // The holder stops well before others may start, even if their clocks run at speeds that differ by 5 %.
    assert.ok(timing.renewDeadlineMs / 0.95 < timing.durationMs / 1.05);
    // After a renewal that gets no response, there is time for another one.
    assert.ok(
      timing.renewPeriodMs + timing.attemptTimeoutMs + timing.retryPeriodMs <
        timing.renewDeadlineMs,
    );
    assert.ok(
      timing.renewPeriodMs < timing.lateRenewalMs && timing.lateRenewalMs < timing.renewDeadlineMs,
    );
    // A contender sees the first renewal soon after it happens.
    assert.ok(timing.pollIntervalMs * 1.2 < timing.renewPeriodMs);
  }
});

test("a record's duration counts up to half of the timeout of a pass, or up to the process's own duration if that is longer", () => {
  const heeded = (passTimeoutSeconds: number, durationSeconds: number): number =>
    leaseClaims({ passTimeoutSeconds, lease: { durationSeconds } }).maxHonoredSeconds;
  assert.equal(heeded(300, 15), 150);
  assert.equal(heeded(31, 15), 15);
  // Settings do not allow these values, but a program may.
  assert.equal(heeded(10, 15), 15);
});

test('a duration outside the limits is rejected with its value and the limits', () => {
  assert.throws(
    () => leaseTiming(4),
    (error) =>
      error instanceof UsageError &&
      error.message === 'lease.durationSeconds is 4: set a whole number from 5 to 3600',
  );
});
