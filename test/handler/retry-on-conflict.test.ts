import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { retryOnConflict, tries } from '../../handler/retry-on-conflict.ts';
import { ApiError } from '../../lib/kubernetes/client/api-error.ts';
import { systemClock } from '../../lib/schedule/clock.ts';

const error = (status: number) =>
  new ApiError(`refused with ${status}`, { status, canRetry: false });

function context() {
  const slept: number[] = [];
  const sleep = async (ms: number): Promise<void> => {
    slept.push(ms);
  };
  const { signal } = new AbortController();
  return { slept, clock: { ...systemClock, sleep }, signal };
}

suite('a write after a conflict', () => {
  test('is tried again, after growing pauses, and gets the number of the try', async () => {
    const { slept, ...given } = context();
    const numbers: number[] = [];
    const done = await retryOnConflict(given, async (number) => {
      numbers.push(number);
      if (number < tries) throw error(409);
      return 'written';
    });
    assert.equal(done, 'written');
    assert.deepEqual(numbers, [1, 2, 3]);
    assert.deepEqual(slept, [100, 200]);
  });

  test('is given up after the last try, with its conflict', async () => {
    const { slept, ...given } = context();
    await assert.rejects(
      retryOnConflict(given, () => Promise.reject(error(409))),
      { status: 409 },
    );
    assert.equal(slept.length, tries - 1);
  });

  test('is not tried again after any other error', async () => {
    const { slept, ...given } = context();
    const refused = error(403);
    await assert.rejects(
      retryOnConflict(given, () => Promise.reject(refused)),
      refused,
    );
    assert.deepEqual(slept, []);
  });
});
