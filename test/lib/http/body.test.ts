import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Body } from '../../../lib/http/body.ts';

test('a body is its pieces, also if a character is split between two of them', () => {
  const text = `${'ä€😀'.repeat(100_000)}\u0000`;
  const bytes = Buffer.from(text);
  for (const size of [1, 7, 65_536, 300_000, bytes.length]) {
    const whole = size === 1 ? bytes.subarray(0, 9_000) : bytes;
    const body = new Body();
    for (let at = 0; at < whole.length; at += size) body.take(whole.subarray(at, at + size));
    assert.equal(body.bytes, whole.length);
    assert.equal(body.end(), whole.toString('utf8'));
  }
});

test('a body without bytes is empty', () => {
  const body = new Body();
  assert.deepEqual([body.end(), body.bytes], ['', 0]);
});
