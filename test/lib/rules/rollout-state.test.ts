import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { WorkloadKind } from '../../../lib/kubernetes/kinds.ts';
import type { LabelSelector, WorkloadObject } from '../../../lib/kubernetes/objects.ts';
import { hasNoPods, selectorText } from '../../../lib/rules/rollout-state.ts';

suite('a workload has no Pods', () => {
  const cases: readonly (readonly [string, WorkloadKind, WorkloadObject, boolean])[] = [
    ['if its status has none', 'Deployment', { status: { replicas: 0 } }, true],
    ['if its status says nothing', 'StatefulSet', { status: null }, true],
    ['unless its status counts one', 'StatefulSet', { status: { replicas: 1 } }, false],
    ['if no node needs one', 'DaemonSet', { status: { currentNumberScheduled: 0 } }, true],
    ['unless a node has one', 'DaemonSet', { status: { currentNumberScheduled: 1 } }, false],
    [
      'unless a node has one that it should not have',
      'DaemonSet',
      { status: { currentNumberScheduled: 0, numberMisscheduled: 1 } },
      false,
    ],
    [
      'unless its controller has not seen its last change',
      'Deployment',
      { metadata: { generation: 2 }, status: { observedGeneration: 1, replicas: 0 } },
      false,
    ],
    [
      'once its controller has seen its last change',
      'Deployment',
      { metadata: { generation: 2 }, status: { observedGeneration: 2, replicas: 0 } },
      true,
    ],
  ];
  for (const [what, kind, object, expected] of cases) {
    test(`(${kind}) ${what}`, () => assert.equal(hasNoPods(kind, object), expected));
  }
});

test('a selector is written in the format of a list request', () => {
  const cases: readonly (readonly [LabelSelector, string])[] = [
    [{}, ''],
    [{ matchLabels: { a: 'b', 'x/y': '' } }, 'a=b,x/y='],
    [
      {
        matchLabels: { a: 'b' },
        matchExpressions: [
          { key: 'c', operator: 'In', values: ['1', '2'] },
          { key: 'd', operator: 'NotIn', values: ['3'] },
          { key: 'e', operator: 'Exists' },
          { key: 'f', operator: 'DoesNotExist' },
        ],
      },
      'a=b,c in (1,2),d notin (3),e,!f',
    ],
    [{ matchExpressions: [{ key: 'c', operator: 'In', values: null }] }, 'c in ()'],
  ];
  for (const [selector, expected] of cases) assert.equal(selectorText(selector), expected);
});
