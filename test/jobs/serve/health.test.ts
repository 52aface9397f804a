import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trackHealth } from '../../../jobs/serve/health.ts';
import { FakeTime } from '../../lib/schedule/fake-clock.ts';

const threeMinutes = 180_000;

function started() {
  const time = new FakeTime();
  return { time, health: trackHealth(time.clock(), threeMinutes) };
}

test('a process is alive, but not ready, until its first pass has ended', () => {
  const { health } = started();
  assert.equal(health.healthz().ok, true);
  assert.deepEqual(health.readyz(), { ok: false, text: 'the first pass has not ended yet' });
});

for (const pass of ['Completed', 'LeaseHeld'] as const) {
  test(`a pass that ends as ${pass} makes the process ready, and healthy for three periods`, async () => {
    const { time, health } = started();
    await time.advance(100_000);
    health.passEnded({ pass }, threeMinutes);
    assert.deepEqual(health.readyz(), { ok: true, text: `the last pass: ${pass}` });
    await time.advance(threeMinutes - 1);
    assert.deepEqual(health.healthz(), { ok: true, text: `ok; the last pass: ${pass}` });
    await time.advance(1);
    assert.deepEqual(health.healthz(), {
      ok: false,
      text: `no pass has completed or been skipped for 180 s, which is more than three periods; the last pass: ${pass}`,
    });
  });
}

test('a process without a pass for three periods from its start is not healthy', async () => {
  const { time, health } = started();
  await time.advance(threeMinutes);
  assert.deepEqual(health.healthz(), {
    ok: false,
    text: 'no pass has completed or been skipped since the start 180 s ago; the first pass has not ended yet',
  });
});

for (const [name, end, says] of [
  ['that failed', { error: 'connection refused' }, 'the last pass failed: connection refused'],
  ['that was cut short', { pass: 'Interrupted' }, 'the last pass: Interrupted'],
  ['that lost the lease', { pass: 'LeaseLost' }, 'the last pass: LeaseLost'],
] as const) {
  test(`a pass ${name} makes the process unready, and does not extend the three periods`, async () => {
    const { time, health } = started();
    health.passEnded({ pass: 'Completed' }, threeMinutes);
    await time.advance(threeMinutes - 1);
    health.passEnded(end, threeMinutes);
    assert.deepEqual(health.readyz(), { ok: false, text: says });
    assert.equal(health.healthz().ok, true);
    await time.advance(1);
    assert.equal(health.healthz().ok, false);
    health.passEnded({ pass: 'Completed' }, threeMinutes);
    assert.equal(health.healthz().ok, true);
    assert.equal(health.readyz().ok, true);
  });
}

test('a process that stops is not ready, but alive', () => {
  const { health } = started();
  health.passEnded({ pass: 'Completed' }, threeMinutes);
  health.stopping();
  assert.deepEqual(health.readyz(), { ok: false, text: 'stopping: no further pass starts' });
  assert.equal(health.healthz().ok, true);
});
