import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  formatPending,
  heldSince,
  parsePending,
  pendingToWrite,
} from '../../../../lib/rules/rollout-policy/pending.ts';
import { hashOf, minutes, now, seconds } from './rules.ts';

const config = { hash: hashOf('a'), keyId: '5f3a', reason: 'Paused' } as const;
const pending = { ...config, since: minutes(-5) };

suite('the record of a held configuration', () => {
  test('is read as it was written, with and without a key', () => {
    const text = formatPending(pending);
    assert.equal(
      text,
      `{"hash":"${hashOf('a')}","key":"5f3a","since":"2026-11-30T06:55:00Z","reason":"Paused"}`,
    );
    assert.deepEqual(parsePending(text), pending);
    const without = { ...pending, keyId: undefined };
    assert.equal(
      formatPending(without),
      `{"hash":"${hashOf('a')}","since":"2026-11-30T06:55:00Z","reason":"Paused"}`,
    );
    assert.deepEqual(parsePending(formatPending(without)), without);
  });

  test('is ignored if it is invalid', () => {
    const since = '2026-11-30T06:55:00Z';
    for (const value of [
      ...[undefined, '', 'x', '[]', 'null', '7', '{}', '{"hash":"abc"}', 'x'.repeat(300)],
      JSON.stringify({ hash: hashOf('a') }),
      JSON.stringify({ hash: hashOf('A'), since }),
      JSON.stringify({ hash: 7, since }),
      JSON.stringify({ hash: hashOf('a'), since: 'yesterday' }),
      ...[
        ...['2026-13-41T06:55:00Z', '2026-11-30T06:55:00.5Z', '2026-11-30T06:55:00+00:00'],
        // The year of these times in UTC does not have four digits.
        ...['0000-01-01T00:00:00+05:00', '9999-12-31T23:59:59-05:00'],
      ].map((time) => JSON.stringify({ hash: hashOf('a'), since: time })),
    ]) {
      assert.equal(parsePending(value), undefined, String(value));
    }
  });

  test('is written once', () => {
    const text = pendingToWrite(undefined, config, now);
    assert.deepEqual(parsePending(text), { ...pending, since: now });
    assert.equal(pendingToWrite(parsePending(text), config, minutes(1)), undefined);
    assert.equal(pendingToWrite(parsePending(text), config, minutes(60 * 24)), undefined);
  });

  test('is written again for another configuration, key or hold, and keeps its time', () => {
    for (const other of [
      { ...config, hash: hashOf('c') },
      { ...config, keyId: undefined },
      { ...config, hash: hashOf('c'), keyId: '77aa' },
      { ...config, reason: 'Settling' },
    ] as const) {
      const text = pendingToWrite(pending, other, now);
      assert.deepEqual(parsePending(text), { ...other, since: minutes(-5) });
    }
  });

  test('with a time in the future counts from the current time, and is written again', () => {
    const forged = { ...pending, since: minutes(60) };
    assert.equal(heldSince(forged, now), now);
    assert.deepEqual(parsePending(pendingToWrite(forged, config, now)), { ...pending, since: now });
  });

  test('of another API server may be in the near future, within the difference of clocks', () => {
    const ahead = { ...pending, since: seconds(5) };
    assert.equal(heldSince(ahead, now), now);
    assert.equal(pendingToWrite(ahead, config, now), undefined);
    assert.equal(heldSince(pending, now), minutes(-5));
    assert.equal(heldSince(undefined, now), now);
  });
});
