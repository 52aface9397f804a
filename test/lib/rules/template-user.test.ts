import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { WorkloadObject } from '../../../lib/kubernetes/objects.ts';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import { runByOf, runnerOf, templateOwner, userOf } from '../../../lib/rules/template-user.ts';
import { readAnyWorkload, type WorkloadRules } from '../../../lib/rules/workload.ts';

const kind = 'Rollout.v1alpha1.argoproj.io';
const rollout = (workloadObservedGeneration: string): WorkloadObject => ({
  metadata: { name: 'web', namespace: 'shop', uid: 'r', generation: 1, labels: { big: 'yes' } },
  spec: {
    replicas: 2,
    workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'app' },
  },
  status: {
    ...{ observedGeneration: '1', workloadObservedGeneration, phase: 'Healthy' },
    ...{
      replicas: 2,
      updatedReplicas: 2,
      availableReplicas: 2,
      stableRS: 'a',
      currentPodHash: 'a',
    },
  },
});
const template = { metadata: { labels: { app: 'app' } }, spec: { containers: [] } };
const app: WorkloadObject = {
  metadata: {
    ...{ name: 'app', namespace: 'shop', uid: 'd', generation: 3 },
    annotations: { 'wave.pusher.com/update-on-config-change': 'true' },
  },
  spec: { replicas: 0, selector: { matchLabels: { app: 'app' } }, template },
  status: { observedGeneration: 3 },
};
const rules: WorkloadRules = {
  annotations: annotationKeysOf('wave.pusher.com'),
  crossNamespaceReferences: [],
  adoption: 'if-changed',
};

suite('a workload that uses the pod template of another one', () => {
  test('names the owner of the template, in its own namespace', () => {
    const owner = { kind: 'Deployment', name: 'app', namespace: 'shop' };
    assert.deepEqual(templateOwner(kind, rollout('3')), owner);
    assert.equal(templateOwner('Deployment', app), undefined);
    assert.equal(templateOwner(kind, { spec: { template } }), undefined);
    const { metadata: _, ...nameless } = rollout('3');
    assert.equal(templateOwner(kind, nameless)?.namespace, '');
  });

  test('is kept without unused fields', () => {
    const { object } = userOf(kind, rollout('3'));
    assert.deepEqual(Object.keys(object.metadata ?? {}), [
      'name',
      'namespace',
      'uid',
      'generation',
    ]);
    assert.deepEqual(userOf(kind, {}).object.metadata?.name, undefined);
    assert.equal(userOf('Deployment', app).object, app);
    assert.equal(runnerOf('Deployment', {}, userOf(kind, rollout('0'))).object.spec?.replicas, 2);
  });

  test("has the status of the owner only if the owner's controller has seen this version", () => {
    const seen = runnerOf('Deployment', app, userOf(kind, rollout('3')));
    assert.equal(seen.object.status?.observedGeneration, '1');
    assert.deepEqual(seen.object.spec?.template, template);
    const unseen = runnerOf('Deployment', app, userOf(kind, rollout('2')));
    assert.equal(unseen.object.status?.observedGeneration, 0);
    assert.equal(
      runnerOf('Deployment', app, userOf(kind, {})).object.status?.observedGeneration,
      0,
    );
    assert.deepEqual(runByOf(seen), { kind, name: 'web', uid: 'r' });
    assert.deepEqual(runByOf({ kind, object: {} }), { kind, name: '', uid: '' });
  });

  test('is the one that runs Pods: an owner without Pods may still have outdated Pods through it', () => {
    assert.equal(readAnyWorkload('Deployment', app, rules).adoptionFacts?.podless, true);
    const run = readAnyWorkload('Deployment', app, {
      ...rules,
      userOf: () => userOf(kind, rollout('3')),
    });
    assert.equal(run.adoptionFacts?.podless, false);
    assert.deepEqual(run.runBy, { kind, name: 'web', uid: 'r' });
    assert.equal(run.rollouts.isHealthy, true);
    const unknown = readAnyWorkload('Deployment', app, { ...rules, userOf: () => 'unknown' });
    assert.equal(unknown.adoptionFacts?.podless, false);
    assert.equal(unknown.mayBeRunByOther, true);
    assert.equal(unknown.runBy, undefined);
  });

  test('may be unknown if the owner has Pods of its own', () => {
    const own = { ...app, status: { observedGeneration: 3, replicas: 1 } };
    const read = readAnyWorkload('Deployment', own, { ...rules, userOf: () => 'unknown' });
    assert.equal(read.mayBeRunByOther, undefined);
  });
});
