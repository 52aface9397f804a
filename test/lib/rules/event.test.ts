import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { nextOfSeries, seriesOf } from '../../../lib/kubernetes/event-series.ts';
import { isNews, rolloutEvent, workloadEvent } from '../../../lib/rules/event.ts';
import { type Reason, reasons } from '../../../lib/rules/reason.ts';
import type { ListedName } from '../../../lib/rules/workload.ts';

const now = new Date('2026-11-30T10:00:00.123Z');
const web: ListedName = {
  ...{ kind: 'Deployment', namespace: 'shop', name: 'web' },
  ...{ uid: 'u', resourceVersion: '7' },
};

function event(
  reason: Reason,
  { workload = web, sentence = 'a sentence', hash = undefined as string | undefined } = {},
) {
  return workloadEvent(workload, { reason, sentence, hash }, 'pod-1', now);
}
const nameOf = (...args: Parameters<typeof event>) => event(...args).metadata.name;
const later = { ...web, resourceVersion: '8' };

suite('the Event of an outcome', () => {
  test('has the fields of events.k8s.io/v1', () => {
    const { metadata, ...rest } = event('ConfigChanged');
    assert.equal(metadata.namespace, 'shop');
    assert.match(metadata.name, /^web\.[0-9a-f]{20}$/);
    assert.deepEqual(rest, {
      ...{ apiVersion: 'events.k8s.io/v1', kind: 'Event', type: 'Normal' },
      eventTime: '2026-11-30T10:00:00.123000Z',
      ...{ reason: 'ConfigChanged', action: 'WriteHash', note: 'a sentence' },
      regarding: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        namespace: 'shop',
        name: 'web',
        uid: 'u',
      },
      ...{ reportingController: 'wave-cron', reportingInstance: 'pod-1' },
    });
  });

  test('is a Warning if its reason is a warning', () => {
    for (const reason of Object.keys(reasons) as Reason[]) {
      const { type, action } = event(reason);
      assert.equal(type, reasons[reason].isWarning ? 'Warning' : 'Normal', reason);
      if (type === 'Warning') assert.equal(action, 'LeaveAlone', reason);
    }
  });

  test('says which action was done', () => {
    const actions = (['Settling', 'Adopted', 'AlreadyCurrent', 'FirstSeen'] as const).map(
      (reason) => event(reason).action,
    );
    assert.deepEqual(actions, ['LeaveAlone', 'RecordHash', 'RecordHash', 'WriteHash']);
  });

  test('has a note and an instance that the API server accepts', () => {
    const { note } = event('Failed', { sentence: `a\u001b${'ü'.repeat(2000)}` });
    assert.ok(Buffer.byteLength(note) <= 1024 && note.startsWith('a\\u{1b}'));
    const { reportingInstance } = workloadEvent(
      web,
      { reason: 'Failed', sentence: '' },
      'ü'.repeat(100),
      now,
    );
    assert.ok(Buffer.byteLength(reportingInstance) <= 128);
  });
});

suite('the name of an Event', () => {
  test('is the same for a warning that stays, and for Settling, so that the series continues', () => {
    for (const reason of ['Reverted', 'Settling'] as const) {
      assert.equal(nameOf(reason, { workload: later }), nameOf(reason), reason);
    }
  });

  test('differs for each version of the workload, if something was done', () => {
    assert.notEqual(nameOf('Adopted', { workload: later }), nameOf('Adopted'));
  });

  test('differs for another sentence, reason or object', () => {
    const others = [
      nameOf('Reverted'),
      nameOf('Reverted', { sentence: 'another one' }),
      nameOf('Failed'),
      nameOf('Reverted', { workload: { ...web, uid: 'v' } }),
    ];
    assert.equal(new Set(others).size, others.length);
  });

  test('of a rollout comes from the written hash, with any sentence', () => {
    const hash = 'a'.repeat(64);
    const name = nameOf('FirstSeen', { hash });
    assert.equal(nameOf('FirstSeen', { hash, sentence: 'x', workload: later }), name);
    assert.deepEqual(rolloutEvent(web, 'FirstSeen', hash), { namespace: 'shop', name });
    assert.notEqual(nameOf('FirstSeen', { hash: 'b'.repeat(64) }), name);
  });

  test('differs from that of the rollout if the hash was written and another step failed', () => {
    const hash = 'a'.repeat(64);
    assert.notEqual(nameOf('Failed', { hash }), rolloutEvent(web, 'Failed', hash).name);
  });

  test('is valid in Kubernetes, even for a workload with a long name', () => {
    for (const name of ['x'.repeat(253), `${'x'.repeat(231)}.-${'y'.repeat(20)}`]) {
      const made = nameOf('Failed', { workload: { ...web, name } });
      assert.ok(made.length <= 253);
      assert.match(made, /^[a-z0-9]+\.[0-9a-f]{20}$/);
    }
  });
});

test('a series counts from the first Event', () => {
  const lastObservedTime = '2026-11-30T10:00:00.123000Z';
  assert.deepEqual(nextOfSeries(undefined, now), { series: { count: 2, lastObservedTime } });
  assert.deepEqual(nextOfSeries(2, now), { series: { count: 3, lastObservedTime } });
  assert.deepEqual(seriesOf(1, now), { series: { count: 1, lastObservedTime } });
});

suite('news', () => {
  const held = { since: '2026-11-30T10:00:00Z' };
  const repeats = { isOnlyNow: false };

  test('include outcomes that only this pass records, even if the Event was lost', () => {
    for (const record of ['created', 'continued', 'lost'] as const) {
      assert.equal(isNews({}, { isOnlyNow: true }, record), true);
      assert.equal(isNews({ held }, { isOnlyNow: true }, record), true);
    }
  });

  test('include a warning with a new Event, but not one that continues its series', () => {
    assert.equal(isNews({}, repeats, 'created'), true);
    assert.equal(isNews({}, repeats, 'continued'), false);
  });

  test('do not include a warning whose Event was lost: it would be news in each pass', () => {
    assert.equal(isNews({}, repeats, 'lost'), false);
  });

  test('do not include the new sentence of a hold that began earlier', () => {
    assert.equal(isNews({ held }, repeats, 'created'), false);
  });
});
