import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isForNode } from '../../../tools/node-agent/binder.ts';
import type { Pod, PodSpec } from '../../../tools/node-agent/pod.ts';

const pod = (spec: Partial<PodSpec>, deletionTimestamp?: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    ...{ name: 'pod', namespace: 'default', uid: '1' },
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  },
  spec: { containers: [], ...spec },
});

const onlyOn = (name: string): Partial<PodSpec> => {
  const matchFields = [{ key: 'metadata.name', values: [name] }];
  const required = { nodeSelectorTerms: [{ matchFields }] };
  return {
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } },
  };
};

test('a Pod is bound here unless it is already bound, gated, deleted or for another Node', () => {
  assert.equal(isForNode(pod({}), 'here'), true);
  assert.equal(isForNode(pod(onlyOn('here')), 'here'), true);
  assert.equal(isForNode(pod(onlyOn('there')), 'here'), false);
  assert.equal(isForNode(pod({ nodeName: 'here' }), 'here'), false);
  assert.equal(isForNode(pod({ schedulingGates: [{ name: 'wait' }] }), 'here'), false);
  assert.equal(isForNode(pod({}, '2026-01-01T00:00:00Z'), 'here'), false);
});
