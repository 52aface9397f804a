import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type PolicyTexts, readLevel } from '../../../../lib/rules/rollout-policy/level.ts';

const read = (texts: PolicyTexts) =>
  readLevel(texts, (key) => `annotation a/rollout-${key}`, 'UTC');

function problem(texts: PolicyTexts): string {
  const level = read(texts);
  assert.ok('problem' in level, JSON.stringify(level));
  return level.problem;
}

suite('the policy of one place', () => {
  test('is read from its annotations, each with its name for messages', () => {
    const until = '2026-12-24T18:00:00+01:00';
    assert.deepEqual(
      read({ pause: until, windows: '[]', approval: 'required', settle: '30s', cooldown: '1h30m' }),
      {
        pause: { until: Date.parse(until), from: 'annotation a/rollout-pause' },
        windows: [],
        approval: { required: true, from: 'annotation a/rollout-approval' },
        settle: { ms: 30_000, text: '30s', from: 'annotation a/rollout-settle' },
        cooldown: { ms: 5_400_000, text: '1h30m', from: 'annotation a/rollout-cooldown' },
      },
    );
  });

  test('has the pause period of Reloader as settle, unless settle is set', () => {
    const from = 'annotation a/rollout-pausePeriod';
    assert.deepEqual(read({ pausePeriod: '5m' }), {
      settle: { ms: 300_000, text: '5m', from, mostWaits: 1 },
    });
    assert.deepEqual(read({ pausePeriod: '5m', settle: '10s' }), {
      settle: { ms: 10_000, text: '10s', from: 'annotation a/rollout-settle' },
    });
    assert.match(problem({ pausePeriod: '1.5h' }), /pausePeriod is "1\.5h": must be whole numbers/);
  });

  test('may be empty', () => {
    assert.deepEqual(read({}), {});
    assert.deepEqual(read({ pause: 'false' }), {});
  });

  test('may switch off approval, settling and cooldown', () => {
    assert.deepEqual(read({ approval: 'none', settle: '0s', cooldown: '0s' }), {
      approval: { required: false, from: 'annotation a/rollout-approval' },
      settle: { ms: 0, text: '0s', from: 'annotation a/rollout-settle' },
      cooldown: { ms: 0, text: '0s', from: 'annotation a/rollout-cooldown' },
    });
  });

  for (const [texts, expected] of [
    [
      { pause: 'yes' },
      /^annotation a\/rollout-pause is "yes": it must be "true", "false" or an RFC 3339 time$/,
    ],
    [{ pause: '' }, /^annotation a\/rollout-pause is "": /],
    [{ pause: '2026-12-24' }, /^annotation a\/rollout-pause is "2026-12-24": /],
    [{ pause: '2026-12-24T18:00:00' }, /^annotation a\/rollout-pause is /],
    [{ pause: '2026-13-24T18:00:00Z' }, /^annotation a\/rollout-pause is /],
    [{ windows: 'none' }, /^annotation a\/rollout-windows must be a list of windows, each with/],
    [
      { windows: '[{}]' },
      /^annotation a\/rollout-windows has a fault in window 1: kind is required$/,
    ],
    [
      { approval: 'true' },
      /^annotation a\/rollout-approval is "true": it must be required or none$/,
    ],
    [
      { settle: '30' },
      /^annotation a\/rollout-settle is "30": must be whole numbers of d, h, m and s/,
    ],
    [{ settle: '-1s' }, /^annotation a\/rollout-settle is "-1s": /],
    [{ cooldown: '8d' }, /^annotation a\/rollout-cooldown is "8d": the longest wait is 7d$/],
    [{ cooldown: '10m ' }, /^annotation a\/rollout-cooldown is "10m ": /],
  ] as const) {
    test(`${JSON.stringify(texts)} is rejected, with the annotation and its fault`, () => {
      assert.match(problem(texts), expected);
    });
  }
});
