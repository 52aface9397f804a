import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  type PolicyLevel,
  type PolicyTexts,
  readLevel,
} from '../../../../lib/rules/rollout-policy/level.ts';
import { joinLevels } from '../../../../lib/rules/rollout-policy/precedence.ts';

function level(place: string, texts: PolicyTexts): PolicyLevel {
  const read = readLevel(texts, () => place, 'UTC');
  assert.ok(!('problem' in read), JSON.stringify(read));
  return read;
}

const joined = (settings: PolicyTexts, namespace: PolicyTexts, workload: PolicyTexts) =>
  joinLevels([
    level('settings', settings),
    level('namespace', namespace),
    level('workload', workload),
  ]);

const window = (kind: string, hour: number) => ({
  kind,
  schedule: `0 ${hour} * * *`,
  duration: '1h',
});
const windows = (...list: readonly object[]) => ({ windows: JSON.stringify(list) });
const shown = ({ windows: list }: ReturnType<typeof joined>) =>
  list.map(({ kind, schedule, from }) => `${kind} ${schedule.split(' ')[1]} of ${from}`);

suite('the policy in force', () => {
  test('of a workload has precedence over that of its namespace, and that over the settings', () => {
    const { settle, cooldown, approval } = joined(
      { settle: '10s', cooldown: '10m', approval: 'required' },
      { settle: '20s', cooldown: '20m' },
      { settle: '30s' },
    );
    assert.deepEqual([settle?.text, settle?.from], ['30s', 'workload']);
    assert.deepEqual([cooldown?.text, cooldown?.from], ['20m', 'namespace']);
    assert.equal(approval?.from, 'settings');
  });

  test('may switch off a rule of a lower level', () => {
    const strict = { settle: '10s', cooldown: '10m', approval: 'required' };
    const none = { settle: '0s', cooldown: '0s', approval: 'none' };
    assert.deepEqual(joined(strict, none, {}), { pauses: [], windows: [] });
    assert.deepEqual(joined(strict, strict, none), { pauses: [], windows: [] });
    assert.equal(joined(none, none, strict).approval?.from, 'workload');
  });

  test("has the pauses of all levels, so that nobody can remove another person's pause", () => {
    const { pauses } = joined(
      { pause: 'true' },
      { pause: '2026-12-24T18:00:00Z' },
      { pause: 'false' },
    );
    assert.deepEqual(
      pauses.map(({ from }) => from),
      ['settings', 'namespace'],
    );
  });

  test('has the deny windows of all levels, and the allow windows of the last level that has some', () => {
    const inForce = joined(
      windows(window('allow', 1), window('deny', 2)),
      windows(window('allow', 3), window('deny', 4)),
      windows(window('deny', 5)),
    );
    assert.deepEqual(shown(inForce), [
      ...['deny 2 of settings', 'deny 4 of namespace', 'deny 5 of workload'],
      'allow 3 of namespace',
    ]);
  });

  test('has no allow windows of the levels before an empty list, but still their deny windows', () => {
    const both = windows(window('allow', 1), window('deny', 2));
    assert.deepEqual(shown(joined(both, {}, windows())), ['deny 2 of settings']);
    assert.deepEqual(shown(joined(both, windows(), {})), ['deny 2 of settings']);
    assert.deepEqual(shown(joined(both, windows(), both)), [
      ...['deny 2 of settings', 'deny 2 of workload', 'allow 1 of workload'],
    ]);
  });
});
