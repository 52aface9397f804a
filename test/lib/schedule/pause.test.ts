import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePause } from '../../../lib/schedule/pause.ts';

test('a pause is off, without an end, or until a time', () => {
  assert.equal(parsePause('false'), undefined);
  assert.deepEqual(parsePause('true'), { until: undefined });
  assert.deepEqual(parsePause('2026-12-24T18:00:00+01:00'), {
    until: Date.parse('2026-12-24T17:00:00Z'),
  });
});

test('any other text is invalid', () => {
  for (const text of ['', 'True', 'yes', '1', '2026-12-24', '2026-13-24T18:00:00Z', '1766595600']) {
    assert.equal(parsePause(text), 'invalid', text);
  }
});
