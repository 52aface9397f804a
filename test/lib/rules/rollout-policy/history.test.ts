import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  formatHistory,
  isHistoryOf,
  parseHistory,
  parseRolloutHistory,
  withinPeriod,
} from '../../../../lib/rules/rollout-policy/history.ts';
import { timeText } from '../../../../lib/text/rfc3339.ts';

const now = Date.parse('2026-11-30T07:00:00Z');
const hour = 3_600_000;
const hash = 'abcdef0123456789'.repeat(4);
const written = { hash, given: new Map() };
const recorded = (...times: readonly string[]) =>
  JSON.stringify({ times, hash: hash.slice(0, 12) });

suite('the history of rollouts', () => {
  test('is read as it was written', () => {
    const text = formatHistory([now - 60_000, now - 30_000], now, 10, written);
    assert.equal(
      text,
      recorded('2026-11-30T06:59:00Z', '2026-11-30T06:59:30Z', '2026-11-30T07:00:00Z'),
    );
    assert.deepEqual(parseHistory(text), [now - 60_000, now - 30_000, now]);
  });

  test('has no more times than the limit needs', () => {
    const times = Array.from({ length: 50 }, (_, i) => now - i * 1000);
    assert.equal(parseHistory(formatHistory(times, now + 1000, 10, written))?.length, 10);
    assert.equal(formatHistory(times, now + 1000, 1, written), recorded(timeText(now + 1000)));
    const most = formatHistory(Array<number>(100).fill(now), now, 100, written);
    assert.equal(most.length, 2333);
    assert.equal(parseHistory(most)?.length, 100);
  });

  test('of an earlier version is read, which only had the times', () => {
    assert.deepEqual(parseHistory('["2026-11-30T07:00:00Z"]'), [now]);
  });

  test('is ignored if it is anything else', () => {
    for (const text of [
      ...[undefined, '', 'text', '{}', '[]', 'null', '7', '"2026-11-30T07:00:00Z"', '[null]'],
      ...['[1764486000]', '["yesterday"]', '["2026-11-30"]', '["2026-13-41T99:00:00Z"]'],
      ...['["2026-11-30T07:00:00Z","x"]', '[["2026-11-30T07:00:00Z"]]'],
      JSON.stringify(Array<string>(10_000).fill('2026-11-30T07:00:00Z')),
      '['.repeat(240_000),
    ]) {
      assert.equal(parseHistory(text), undefined, String(text?.slice(0, 60)));
    }
  });

  test('counts times within the period, but none in the future', () => {
    const times = [now + hour, now + 60_000, now, now - hour + 1, now - hour, now - 2 * hour];
    assert.deepEqual(withinPeriod(times, hour, now), [now - hour + 1, now]);
  });

  test('counts times in the near future, within the difference of clocks of API servers', () => {
    assert.deepEqual(withinPeriod([now + 2000], hour, now), [now + 2000]);
  });

  test('may also have a hash and its versions on trial', () => {
    const given = new Map([['Secret/db', { version: 'u,1,', at: now, failed: false }]]);
    const text = formatHistory([now - 60_000], now, 10, { hash, given });
    assert.equal(
      text,
      '{"times":["2026-11-30T06:59:00Z","2026-11-30T07:00:00Z"],"hash":"abcdef012345","given":{"Secret/db":{"version":"u,1,","at":"2026-11-30T07:00:00Z"}}}',
    );
    const history = parseRolloutHistory(text);
    assert.deepEqual(history, { times: [now - 60_000, now], hash: 'abcdef012345', given });
    assert.deepEqual(parseHistory(text), [now - 60_000, now]);
    assert.ok(history !== undefined && isHistoryOf(history, hash));
    assert.ok(!isHistoryOf(history, 'b'.repeat(64)));
    assert.ok(!isHistoryOf(history, undefined));
  });

  test('has the last time also if the limit needs none', () => {
    assert.equal(formatHistory([now - 60_000], now, 0, written), recorded(timeText(now)));
  });

  test('without a hash has no versions on trial', () => {
    const given = { 'Secret/db': { version: 'u,1,', at: timeText(now) } };
    for (const hash of [undefined, '', 'abc', 7]) {
      const text = JSON.stringify({ times: [timeText(now)], hash, given });
      assert.deepEqual(parseRolloutHistory(text), {
        times: [now],
        hash: undefined,
        given: new Map(),
      });
    }
  });

  test('is invalid if it is an object without times', () => {
    for (const text of ['{"times":[]}', '{"times":"x"}', '{"times":["x"]}', '{"times":{}}']) {
      assert.equal(parseRolloutHistory(text), undefined, text);
    }
  });
});
