import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readPauseMs } from '../../../lib/status/read-pause.ts';

suite('the pause between two reads of the status', () => {
  test('is the minimum after a short read', () => {
    assert.equal(readPauseMs(100, 1_500), 1_500);
  });

  test('is four times a long read, so that reads take at most a fifth of the time', () => {
    assert.equal(readPauseMs(3_000, 1_500), 12_000);
  });
});
