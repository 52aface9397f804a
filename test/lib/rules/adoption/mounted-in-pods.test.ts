import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { mountedOf } from '../../../../lib/rules/adoption/mounted-in-pods.ts';
import type { PodGroup, PodsReading } from '../../../../lib/rules/adoption/pods.ts';
import { type MountStatus, mountKey } from '../../../../lib/rules/mounted.ts';
import { mounting } from '../mounting.ts';

const workload = mounting();
const template = workload.rollout?.template ?? '';
const controller = { kind: 'Deployment', name: 'web', uid: 'web' };

const group = (set: string, names: readonly string[]): PodGroup => ({
  controller: { kind: 'ReplicaSet', name: set, uid: set },
  ...{ revision: undefined, generation: undefined, oldest: undefined },
  pods: names.map((name) => ({ name, uid: `uid-${name}` })),
});
const podsOf = (newest: readonly string[], older: readonly string[] = []): PodsReading => ({
  ...{ state: 'read', readAt: 0 },
  groups: [
    ...(newest.length === 0 ? [] : [group('new', newest)]),
    ...(older.length === 0 ? [] : [group('old', older)]),
  ],
  replicaSets: [
    { uid: 'new', controller, template, wantsPods: true },
    { uid: 'old', controller, template: 'earlier', wantsPods: false },
  ],
});
const statuses = (all: Readonly<Record<string, Partial<MountStatus>>>) =>
  new Map(
    Object.entries(all).map(([name, status]) => [
      mountKey(`uid-${name}`, 'vault'),
      { objects: 'a', isRotated: false, ...status },
    ]),
  );
const mounted = (pods: PodsReading, all: Parameters<typeof statuses>[0]) =>
  mountedOf(workload, 'vault', pods, statuses(all));

suite('the mounted objects of Pods', () => {
  test('are known if all Pods have the same', () => {
    const same = { state: 'agreed', objects: 'a', rotatedIn: undefined, inAllPods: true };
    assert.deepEqual(mounted(podsOf(['1', '2']), { 1: {}, 2: {} }), same);
    const rotated = { ...same, rotatedIn: '2' };
    assert.deepEqual(mounted(podsOf(['1', '2']), { 1: {}, 2: { isRotated: true } }), rotated);
  });

  test('are different if two Pods have different objects', () => {
    assert.deepEqual(mounted(podsOf(['1', '2', '3']), { 1: {}, 2: {}, 3: { objects: 'b' } }), {
      state: 'different',
      pods: ['1', '3'],
    });
  });

  test('do not include those of Pods with an earlier template', () => {
    assert.deepEqual(mounted(podsOf(['1'], ['2']), { 1: {}, 2: { objects: 'b' } }), {
      ...{ state: 'agreed', objects: 'a', rotatedIn: undefined, inAllPods: false },
    });
  });

  test('are unknown without Pods, or as long as the driver has not reported about a Pod', () => {
    assert.equal(mounted(podsOf([]), {}).state, 'unknown');
    assert.equal(mounted(podsOf([], ['2']), { 2: {} }).state, 'unknown');
    assert.deepEqual(mounted(podsOf(['1', '2']), { 1: {} }), {
      state: 'unknown',
      why: 'the driver has not reported yet what Pod 2 has mounted',
    });
    const status = statuses({ 1: {} });
    assert.equal(mountedOf(workload, 'other', podsOf(['1']), status).state, 'unknown');
    const without = { ...workload, mayBeRunByOther: true } as const;
    assert.equal(mountedOf(without, 'vault', podsOf(['1']), status).state, 'unknown');
  });

  test('cannot be read if the Pods cannot be read', () => {
    const unreadable = { state: 'unreadable', why: 'denied' } as const;
    assert.deepEqual(mounted(unreadable, {}), unreadable);
  });
});
