import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { WorkloadObject } from '../../../lib/kubernetes/objects.ts';
import { formatAdopted, parseAdopted } from '../../../lib/rules/adoption/record.ts';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import { workloadPatch } from '../../../lib/rules/patch.ts';
import {
  isUndone,
  restartRecord,
  restartTime,
  rolloutStrategyOf,
} from '../../../lib/rules/restart-in-place.ts';
import { readWorkload } from '../../../lib/rules/workload.ts';
import { names, someHash, someWorkload } from './some-workload.ts';

const rollout = 'Rollout.v1alpha1.argoproj.io';
const own = names.rolloutStrategy;
const reloaders = 'reloader.stakater.com/rollout-strategy';
const at = '2026-11-30T10:00:00Z';

suite('the strategy of a restart', () => {
  const compatible = annotationKeysOf('wave.pusher.com', ['reloader']);

  test('is a changed template, unless the annotation says otherwise', () => {
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

  test('needs a changed template for most kinds', () => {
    assert.equal(
      rolloutStrategyOf('Deployment', { [reloaders]: 'restart' }, compatible),
      'rollout',
    );
    const invalid = rolloutStrategyOf('Deployment', { [own]: 'restart' }, names);
    assert.match(typeof invalid === 'object' ? invalid.why : '', /the Pods of a Deployment/);
  });
});

suite('the time of a restart', () => {
  test('is later than the creation of all Pods that may have the earlier configuration, in whole seconds', () => {
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

suite('a workload that restarts without a changed template', () => {
  const read = (annotations: Record<string, string>, object: WorkloadObject = {}) => {
    const { spec, status } = object;
    const metadata = {
      ...{ namespace: 'shop', name: 'web', generation: 2 },
      annotations: { [names.updateOnConfigChange]: 'true', ...annotations },
    };
    const rules = { annotations: names, crossNamespaceReferences: [], adoption: 'stamp' } as const;
    const template = { spec: { containers: [] } };
    const seen = { observedGeneration: '2', phase: 'Healthy', stableRS: 'a', currentPodHash: 'a' };
    const whole = { metadata, spec: { template, ...spec }, status: { ...seen, ...status } };
    const workload = readWorkload(rollout, whole, rules);
    assert.ok(workload);
    return workload;
  };
  const record = formatAdopted(restartRecord(undefined, someHash, at));
  const history = JSON.stringify({ times: [at], hash: someHash.hash.slice(0, 12) });
  const restarting = {
    ...{ [own]: 'restart', [names.adopted]: record },
    [names.rolloutHistory]: history,
  };

  test('says so, and its Pods restart at once, even if the strategy of its kind waits', () => {
    const strategy = { canary: { steps: [{ pause: {} }] } };
    const workload = read({ [own]: 'restart' }, { spec: { strategy } });
    assert.equal(workload.restartsInPlace, true);
    assert.equal(workload.podsFollow, 'at once');
    assert.equal(read({}, { spec: { strategy } }).podsFollow, 'when promoted');
    assert.equal(read({}).restartsInPlace, undefined);
  });

  test('is under way until its controller has restarted all Pods', () => {
    const during = read(restarting, { spec: { restartAt: at } });
    assert.equal(during.adopted?.config, someHash.hash);
    assert.equal(during.rollouts.underWay?.startedAt, Date.parse(at));
    const after = read(restarting, { spec: { restartAt: at }, status: { restartedAt: at } });
    assert.equal(after.rollouts.underWay, undefined);
    assert.equal(after.rollouts.isHealthy, true);
  });

  test('has no record once another client has undone the restart', () => {
    assert.equal(read(restarting).adopted, undefined);
  });

  test('is not changed if its annotation is invalid', () => {
    const { configuration } = read({ [own]: 'x' });
    assert.equal(configuration.kind === 'refused' && configuration.reason, 'InvalidAnnotation');
  });
});

suite('the patch of a restart', () => {
  const decision = {
    reason: 'ConfigChanged',
    hashAnnotations: someHash,
    start: { history: '["h"]', given: new Map(), restartAt: at },
  } as const;

  test('has the time and the record, and does not change the template', () => {
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

  test('records the hash of the template, and can be read again', () => {
    const record = restartRecord('b'.repeat(64), someHash, at);
    assert.deepEqual(parseAdopted(formatAdopted(record)), {
      template: 'b'.repeat(64),
      config: someHash.hash,
      sources: { 'ConfigMap/settings': '1' },
      restartAt: at,
    });
  });
});
