import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { durationMs, durationSeconds } from '../../../lib/text/duration.ts';

suite('a duration', () => {
  test('has its units from large to small, each once', () => {
    const known = { '0s': 0, '90s': 90, '1h30m': 5_400, '1d2h3m4s': 93_784 };
    for (const [text, seconds] of Object.entries(known)) {
      assert.equal(durationSeconds(text), seconds, text);
      assert.equal(durationMs(text), seconds * 1_000, text);
    }
  });

  test('has no other form', () => {
    for (const text of ['', 's', '1', '-1s', '1.5h', '1m1h', '1s1s', '1 s', '1S', '1w']) {
      assert.equal(durationSeconds(text), undefined, text);
      assert.ok(Number.isNaN(durationMs(text)), text);
    }
  });
});
