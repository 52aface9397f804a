import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Reading } from '../../../../lib/rules/reading.ts';
import { joinMentions, sourceKey } from '../../../../lib/rules/references.ts';
import { newestWrite, settling } from '../../../../lib/rules/rollout-policy/settling.ts';
import { change, minutes, now, seconds } from './rules.ts';

const settle = { ms: 30_000, text: '30s', from: 'annotation a/rollout-settle' };
const policy = { settle, timeZone: 'UTC' };
const written = (at: number) => ({ source: 'Secret/db', at });
const held = (at: number, since = now) =>
  settling(change, policy, { now, since, newest: written(at) });

suite('settling', () => {
  test('holds until the newest write of a source is as old as the setting', () => {
    assert.deepEqual(held(seconds(-10)), {
      reason: 'Settling',
      sentence:
        'its configuration changed (ConfigMap/app), but Secret/db was written less than 30s ago, and more may follow (annotation a/rollout-settle): nothing is written until 2026-11-30T07:00:20Z, then it restarts once with the current configuration',
      until: seconds(20),
    });
    assert.equal(held(seconds(-30)), undefined);
    assert.equal(held(minutes(-30)), undefined);
  });

  test('waits at most ten times as long after the first hold, even with more writes', () => {
    assert.equal(held(seconds(-1), seconds(-280))?.until, seconds(20));
    assert.equal(held(seconds(-1), seconds(-300)), undefined);
    assert.equal(held(minutes(60 * 24), seconds(-100))?.until, seconds(200));
  });

  test('waits at most once as long with the pause period of Reloader', () => {
    const period = { ...settle, mostWaits: 1 };
    const until = (at: number, since: number) =>
      settling(change, { ...policy, settle: period }, { now, since, newest: written(at) })?.until;
    assert.equal(until(now, seconds(-20)), seconds(10));
    assert.equal(until(now, seconds(-30)), undefined);
    assert.equal(until(seconds(-25), seconds(-20)), seconds(5));
  });

  test('counts a source with an unknown time of its write as settled', () => {
    assert.equal(settling(change, policy, { now, since: now, newest: undefined }), undefined);
  });

  test('that is not set holds nothing', () => {
    const circumstances = { now, since: now, newest: written(now) };
    assert.equal(settling(change, { timeZone: 'UTC' }, circumstances), undefined);
  });

  test('makes one rollout of two Secrets that are rotated one after the other', () => {
    const rolled: number[] = [];
    let since: number | undefined;
    // A pass runs every 5 seconds. The first Secret changes at second 0, the second one at second 10.
    for (let second = 3; second < 120 && rolled.length === 0; second += 5) {
      since ??= seconds(second);
      const newest = written(second < 10 ? now : seconds(10));
      const hold = settling(change, policy, { now: seconds(second), since, newest });
      if (hold === undefined) rolled.push(second);
    }
    assert.deepEqual(rolled, [43]);
  });
});

suite('the newest write of the sources of a workload', () => {
  const references = joinMentions(
    ['early', 'late', 'ignored', 'absent', 'unknown'].map((name) => {
      return { kind: 'Secret', namespace: 'shop', name, keys: 'all', required: false, place: '' };
    }),
  );
  const present = (writtenAt: string | undefined, ignored = false): Reading => ({
    ...{ state: 'present', uid: 'u', ignored, matched: false, deleting: false },
    owners: { uids: '', ours: '', count: 0, lasting: false, former: '', resourceVersion: '1' },
    ...{ createdAt: undefined, writtenAt, immutable: false, absentKeys: new Set() },
  });
  const readings = (states: Readonly<Record<string, Reading>>) =>
    new Map(
      Object.entries(states).map(([name, state]) => [
        sourceKey({ kind: 'Secret', namespace: 'shop', name }),
        state,
      ]),
    );

  test('is the newest of those that count and have a time', () => {
    const found = newestWrite(
      'shop',
      references,
      readings({
        early: present('2026-11-30T06:00:00Z'),
        late: present('2026-11-30T06:59:50Z'),
        ignored: present('2026-11-30T06:59:59Z', true),
        absent: { state: 'absent' },
        unknown: present(undefined),
      }),
    );
    assert.deepEqual(found, { source: 'Secret/late', at: seconds(-10) });
  });

  test('is unknown if no source has a time', () => {
    assert.equal(
      newestWrite('shop', references, readings({ early: present(undefined) })),
      undefined,
    );
  });
});
