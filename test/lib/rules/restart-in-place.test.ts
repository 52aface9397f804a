import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { formatAdopted, parseAdopted } from '../../../lib/rules/adoption/record.ts';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import { workloadPatch } from '../../../lib/rules/patch.ts';
import {
  isUndone,
  restartRecord,
  restartTime,
  rolloutStrategyOf,
} from '../../../lib/rules/restart-in-place.ts';
import { names, someHash, someWorkload } from './some-workload.ts';

const rollout = 'Rollout.v1alpha1.argoproj.io';
const own = names.rolloutStrategy;
const reloaders = 'reloader.stakater.com/rollout-strategy';
const at = '2026-11-30T10:00:00Z';

suite('how a workload restarts', () => {
  const compatible = annotationKeysOf('wave.pusher.com', ['reloader']);

  test('is with a changed template, unless its annotation says otherwise', () => {
    const strategy = (annotations: Record<string, string>, keys = names) =>
      rolloutStrategyOf(rollout, annotations, keys);
    assert.equal(strategy({}), 'rollout');
    assert.equal(strategy({ [own]: 'rollout' }), 'rollout');
    assert.equal(strategy({ [own]: 'restart' }), 'restart');
    assert.equal(strategy({ [reloaders]: 'restart' }), 'rollout');
    assert.equal(strategy({ [reloaders]: 'restart' }, compatible), 'restart');
    assert.equal(strategy({ [reloaders]: 'other' }, compatible), 'rollout');
    assert.equal(strategy({ [reloaders]: 'restart', [own]: 'rollout' }, compatible), 'rollout');
    const invalid = strategy({ [own]: 'x' });
    assert.match(typeof invalid === 'object' ? invalid.why : '', /it must be rollout or restart/);
  });

  test('cannot be without one for most kinds', () => {
    assert.equal(
      rolloutStrategyOf('Deployment', { [reloaders]: 'restart' }, compatible),
      'rollout',
    );
    const invalid = rolloutStrategyOf('Deployment', { [own]: 'restart' }, names);
    assert.match(typeof invalid === 'object' ? invalid.why : '', /the Pods of a Deployment/);
  });
});

suite('the time of a restart', () => {
  test('is after all Pods that may have been created before, in whole seconds', () => {
    const now = Date.parse('2026-11-30T10:00:00.400Z');
    assert.equal(restartTime(now, 0), '2026-11-30T10:00:01Z');
    assert.equal(restartTime(now, 10_000), '2026-11-30T10:00:11Z');
    assert.equal(restartTime(Date.parse(at), 0), '2026-11-30T10:00:01Z');
  });

  test('is undone if neither the spec nor the status has reached it', () => {
    assert.equal(isUndone({}, {}), false);
    assert.equal(isUndone({ restartAt: at }, {}), true);
    assert.equal(isUndone({ restartAt: at }, { spec: { restartAt: at } }), false);
    assert.equal(isUndone({ restartAt: at }, { status: { restartedAt: at } }), false);
    const [earlier, later] = ['2026-11-30T09:00:00Z', '2026-11-30T11:00:00Z'];
    assert.equal(isUndone({ restartAt: at }, { spec: { restartAt: earlier } }), true);
    assert.equal(isUndone({ restartAt: at }, { spec: { restartAt: later } }), false);
    assert.equal(isUndone({ restartAt: 'x' }, { spec: { restartAt: later } }), true);
  });
});

suite('the patch of a restart', () => {
  const decision = {
    reason: 'ConfigChanged',
    hashAnnotations: someHash,
    start: { history: '["h"]', given: new Map(), restartAt: at },
  } as const;

  test('has the time and the record, and nothing of the template', () => {
    const workload = someWorkload({ kind: rollout, hasWritten: true, hasAdopted: true });
    const record = restartRecord(undefined, someHash, at);
    assert.deepEqual(workloadPatch(workload, decision, undefined, names), {
      metadata: {
        resourceVersion: '7',
        annotations: {
          [names.adopted]: formatAdopted(record),
          [names.rolloutHistory]: '["h"]',
          [names.writtenHash]: null,
        },
      },
      spec: { restartAt: at },
    });
  });

  test('records the hash that the template has, and can be read again', () => {
    const record = restartRecord('b'.repeat(64), someHash, at);
    assert.deepEqual(parseAdopted(formatAdopted(record)), {
      template: 'b'.repeat(64),
      config: someHash.hash,
      sources: { 'ConfigMap/settings': '1' },
      restartAt: at,
    });
  });
});
