import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { longHeldSentences, rolloutSentences } from '../../../handler/check/rollouts.ts';
import { loadSettingsWithOrigins } from '../../../lib/settings/load.ts';
import { someWorkload } from '../../lib/rules/some-workload.ts';

const now = Date.parse('2026-11-30T07:00:00Z');
const hour = 3_600_000;

type Flags = Readonly<Record<string, string>>;

const sentences = (flags: Flags, cronSchedule?: { schedule: string; timeZone: string }) =>
  rolloutSentences(
    {
      ...loadSettingsWithOrigins({ flags, env: {} }),
      ...(cronSchedule === undefined ? {} : { cronSchedule }),
    },
    now,
  );

suite('about the settings of rollouts, check says', () => {
  test('nothing by default', () => {
    assert.deepEqual(sentences({}), []);
  });

  test('that rollouts are paused, and until when', () => {
    assert.deepEqual(sentences({ 'rollouts.paused': 'true' }), [
      'setting rollouts.paused pauses all rollouts until somebody lifts it',
    ]);
    const until = { 'rollouts.paused': '2026-12-27T08:00:00+01:00', timeZone: 'Europe/Berlin' };
    assert.deepEqual(sentences(until), [
      'setting rollouts.paused pauses all rollouts until 2026-12-27T07:00:00Z (2026-12-27 08:00:00 Europe/Berlin)',
    ]);
    assert.deepEqual(sentences({ 'rollouts.paused': '2026-11-30T07:00:00Z' }), []);
  });

  const windows = { 'rollouts.windows': '[{kind: allow, schedule: 5 22 * * *, duration: 5m}]' };
  const missed = (why: string) => [
    `passes can miss the window "5 22 * * *" of 5m in setting rollouts.windows, because passes start ${why}: make the window longer, or passes more frequent`,
  ];

  test('that passes may miss a window, if the start times of passes are known', () => {
    assert.deepEqual(sentences(windows), []);
    assert.deepEqual(
      sentences({ ...windows, resyncInterval: '10m' }),
      missed('every 10m (resyncInterval)'),
    );
    assert.deepEqual(sentences({ ...windows, resyncInterval: '5m' }), []);
    assert.deepEqual(
      sentences({ ...windows, resyncInterval: '5m', jitterSeconds: '20' }),
      missed('every 5m (resyncInterval)'),
    );
    const hourly = { ...windows, schedule: '0 * * * *' };
    assert.deepEqual(sentences(hourly), missed('at "0 * * * *" (schedule)'));
    const cron = { schedule: '*/15 * * * *', timeZone: 'Etc/UTC' };
    assert.deepEqual(sentences(windows, cron), missed('at "*/15 * * * *" (Etc/UTC, the CronJob)'));
    const often = { schedule: '*/5 * * * *', timeZone: 'Etc/UTC' };
    assert.deepEqual(sentences(hourly, often), [], 'a CronJob ignores the setting schedule');
  });
});

suite('about workloads whose change is held, check says', () => {
  const held = (name: string, hours: number) =>
    someWorkload({
      name,
      rollouts: {
        pending: {
          ...{ hash: 'a'.repeat(64), keyId: undefined, reason: 'Paused' },
          since: now - hours * hour,
        },
      },
    });

  test('nothing for the first day', () => {
    assert.deepEqual(longHeldSentences([someWorkload(), held('a', 23.9)], 'UTC', now), []);
  });

  test('how many there are, since when, and which are the oldest', () => {
    assert.deepEqual(longHeldSentences([held('a', 25), held('b', 1)], 'UTC', now), [
      '1 workload has a change that has been held back for more than a day, the oldest since 2026-11-29T06:00:00Z: Deployment shop/a; wave-cron explain says why',
    ]);
    const many = ['a', 'b', 'c', 'd', 'e'].map((name, i) => held(name, 25 + i));
    assert.deepEqual(longHeldSentences(many, 'Europe/Berlin', now), [
      '5 workloads have a change that has been held back for more than a day, the oldest since 2026-11-29T02:00:00Z (2026-11-29 03:00:00 Europe/Berlin): Deployment shop/e, Deployment shop/d, Deployment shop/c and 2 more; wave-cron explain says why',
    ]);
  });
});
