import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controllerOf } from '../../../../lib/rules/adoption/pods.ts';

test('the controller of a Pod is the owner that controls it, and no other owner', () => {
  const owner = { kind: 'ReplicaSet', name: 'web-1', uid: 'r' };
  const of = (...ownerReferences: readonly object[]) =>
    controllerOf({ metadata: { ownerReferences } });
  assert.deepEqual(of({ ...owner, controller: true }), owner);
  assert.deepEqual(of({ kind: 'Job', controller: false }, { ...owner, controller: true }), owner);
  assert.equal(of(owner), undefined);
  assert.equal(of(), undefined);
  assert.equal(controllerOf({}), undefined);
  assert.deepEqual(of({ controller: true }), { kind: '', name: '', uid: '' });
});
