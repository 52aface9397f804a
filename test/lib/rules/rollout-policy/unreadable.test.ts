import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  policyInvalid,
  policyUnreadable,
} from '../../../../lib/rules/rollout-policy/unreadable.ts';
import { change } from './rules.ts';

test('a namespace that could not be read holds its workloads, and the message names the missing permission', () => {
  const { reason, sentence } = policyUnreadable(change, 'namespaces "shop" is forbidden');
  assert.equal(reason, 'PolicyUnreadable');
  assert.match(
    sentence,
    /namespace shop could not be read, which may hold rollouts back \(namespaces "shop" is forbidden\): nothing is written until they can be, .*; grant get on namespaces, or set rollouts.namespaceAnnotations to off$/,
  );
});

test('an invalid policy holds its workload, and the message names the fault', () => {
  const { reason, sentence } = policyInvalid(change, 'annotation a/b is "c": no');
  assert.equal(reason, 'InvalidAnnotation');
  assert.match(
    sentence,
    /invalid \(annotation a\/b is "c": no\): nothing is written until that is corrected/,
  );
});
