import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { UsageError } from '../../../lib/errors.ts';
import { loadSettings } from '../../../lib/settings/load.ts';
import type { RolloutSettings } from '../../../lib/settings/schema.ts';
import { parseSettings } from '../../../lib/settings/settings-file.ts';
import { checkLayer } from '../../../lib/settings/validate.ts';

function fromEnvironment(env: Readonly<Record<string, string>>): RolloutSettings {
  return loadSettings({ flags: {}, env }).rollouts;
}

function problemOf(env: Readonly<Record<string, string>>): string {
  try {
    fromEnvironment(env);
  } catch (error) {
    if (error instanceof UsageError && error.exit === 2) return error.message;
    throw error;
  }
  return assert.fail('the settings are accepted');
}

/** The settings of rollouts in a settings file, or the problems in it. */
function fromFile(text: string): readonly string[] | ReadonlyMap<string, unknown> {
  const file = parseSettings(text, 'settings.yaml');
  assert.ok('layer' in file);
  const { given, problems } = checkLayer(file.layer);
  return problems.length > 0
    ? problems
    : new Map([...given].map(([path, { value }]) => [path, value]));
}

const window = { kind: 'allow', schedule: '0 22 * * *', duration: '2h' };

suite('the settings of rollouts', () => {
  test('accept windows as a list in a file, and as YAML or JSON in a flag or variable', () => {
    const text = JSON.stringify([window]);
    assert.deepEqual(fromEnvironment({ WAVE_ROLLOUTS_WINDOWS: text }).windows, [window]);
    const yaml = '- {kind: allow, schedule: "0 22 * * *", duration: 2h}';
    assert.deepEqual(fromEnvironment({ WAVE_ROLLOUTS_WINDOWS: yaml }).windows, [window]);
    assert.deepEqual(fromEnvironment({ WAVE_ROLLOUTS_WINDOWS: '' }).windows, []);
    const file = fromFile(`
rollouts:
  paused: true
  windows:
    - kind: allow
      schedule: "0 22 * * *"
      duration: 2h
  maxConcurrent: 5
  maxConcurrentPerNamespace: 10%
`);
    assert.deepEqual(
      file,
      new Map<string, unknown>([
        ['rollouts.paused', true],
        ['rollouts.windows', [window]],
        ['rollouts.maxConcurrent', 5],
        ['rollouts.maxConcurrentPerNamespace', '10%'],
      ]),
    );
  });

  test('accept a pause and a number as a text', () => {
    const { paused, maxConcurrent } = fromEnvironment({
      WAVE_ROLLOUTS_PAUSED: '2026-12-24T18:00:00Z',
      WAVE_ROLLOUTS_MAX_CONCURRENT: '5',
    });
    assert.equal(paused, '2026-12-24T18:00:00Z');
    assert.equal(maxConcurrent, '5');
  });

  for (const [name, value, expected] of [
    ['PAUSED', 'yes', /is "yes": must be true, false or an RFC 3339 time such as/],
    [
      'WINDOWS',
      'nightly',
      /^WAVE_ROLLOUTS_WINDOWS is "nightly": must be a list of windows, each with/,
    ],
    ['WINDOWS', '[{}]', /^WAVE_ROLLOUTS_WINDOWS has a fault in window 1: kind is required$/],
    [
      'WINDOWS',
      '[{"kind":"allow","schedule":"0 25 * * *","duration":"1h"}]',
      /has a fault in window 1: schedule is "0 25/,
    ],
    ['APPROVAL', 'yes', /must be one of none, required$/],
    ['SETTLE', '30', /is "30": must be whole numbers of d, h, m and s/],
    ['COOLDOWN', '8d', /is "8d": the longest wait is 7d$/],
    [
      'MAX_CONCURRENT',
      '0',
      /is "0": must be a whole number from 1 to 100000, or a percentage from 1% to 100%$/,
    ],
    ['MAX_CONCURRENT_PER_NAMESPACE', '150%', /is "150%": must be a whole number/],
    ['PROGRESS_DEADLINE', '0s', /the shortest interval is 1s$/],
    ['WAIT_SECONDS', '-1', /must be a whole number from 0 to 3600$/],
    ['ON_FAILURE', 'ignore', /must be one of stop, continue$/],
    ['NAMESPACE_ANNOTATIONS', 'on', /must be one of read, off$/],
  ] as const) {
    test(`reject ${name} ${value}`, () => {
      assert.match(problemOf({ [`WAVE_ROLLOUTS_${name}`]: value }), expected);
    });
  }

  test('report the place of a fault in a file', () => {
    assert.deepEqual(
      fromFile('rollouts:\n  maxConcurrent: 0\n  paused: 7\n  windows:\n    - kind: allow\n'),
      [
        'settings.yaml:2:3: rollouts.maxConcurrent is 0: must be a whole number from 1 to 100000, or a percentage from 1% to 100%',
        'settings.yaml:3:3: rollouts.paused is 7: must be true, false or an RFC 3339 time such as 2026-12-27T08:00:00+01:00',
        'settings.yaml:4:3: rollouts.windows has a fault in window 1: schedule is required',
      ],
    );
  });

  test('do not let a pass wait longer than its timeout', () => {
    assert.match(
      problemOf({ WAVE_ROLLOUTS_WAIT_SECONDS: '300' }),
      /^WAVE_ROLLOUTS_WAIT_SECONDS is 300, and passTimeoutSeconds is 300: a pass would be cut short while it waits/,
    );
  });
});
