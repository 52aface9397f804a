import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { newestPods, type ReadPods } from '../../../../lib/rules/adoption/own-pods.ts';
import type { PodGroup, ReplicaSetFacts } from '../../../../lib/rules/adoption/pods.ts';
import type { Workload } from '../../../../lib/rules/workload.ts';
import { mounting } from '../mounting.ts';

const workload = mounting();
const owner = { kind: 'Deployment', name: 'web', uid: 'web' };
const template = workload.rollout?.template ?? '';
const set = (uid: string, more: Partial<ReplicaSetFacts> = {}): ReplicaSetFacts => ({
  ...{ uid, controller: owner, template, wantsPods: true },
  ...more,
});
const old = set('old', { template: 'earlier', wantsPods: false });
const group = (uid: string | undefined): PodGroup => ({
  controller: uid === undefined ? undefined : { kind: 'ReplicaSet', name: uid, uid },
  ...{ revision: undefined, generation: undefined, oldest: undefined },
});

function newest(
  groups: readonly PodGroup[],
  replicaSets: readonly ReplicaSetFacts[],
  more: Partial<Workload> = {},
) {
  const pods: ReadPods = { state: 'read', readAt: 0, groups, replicaSets };
  const found = newestPods({ ...workload, ...more }, pods);
  if ('why' in found) return found.why;
  return [found.groups.map(({ controller }) => controller?.uid).join(), found.areAll];
}

suite('the Pods with the current template', () => {
  test('are the Pods of the ReplicaSet with this template', () => {
    assert.deepEqual(newest([group('new')], [set('new'), old]), ['new', true]);
    assert.deepEqual(newest([group('new'), group('old')], [set('new'), old]), ['new', false]);
    assert.deepEqual(newest([], [set('new'), old]), ['', true]);
  });

  test('are not all Pods if other Pods are wanted, or may belong to the workload', () => {
    const wanted = { ...old, wantsPods: true };
    assert.deepEqual(newest([group('new')], [set('new'), wanted]), ['new', false]);
    assert.deepEqual(newest([group('new'), group(undefined)], [set('new')]), ['new', false]);
    assert.deepEqual(newest([group('new'), group('gone')], [set('new')]), ['new', false]);
    assert.deepEqual(newest([group('old')], [old]), ['', false]);
  });

  test('do not include Pods of another workload', () => {
    const other = set('other', { controller: { kind: 'Deployment', name: 'b', uid: 'b' } });
    assert.deepEqual(newest([group('new'), group('other')], [set('new'), other]), ['new', true]);
  });

  test('are unknown if the rollout is unknown, or if another workload may use the template', () => {
    const { rollout: _, ...without } = workload;
    const pods: ReadPods = { state: 'read', readAt: 0, groups: [], replicaSets: [] };
    assert.deepEqual(newestPods(without, pods), { why: 'its rollout is unknown' });
    assert.match(String(newest([], [], { mayBeRunByOther: true })), /may use its pod template/);
  });
});
