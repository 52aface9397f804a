import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { WorkloadKind } from '../../../../lib/kubernetes/kinds.ts';
import type { PodTemplate, WorkloadObject } from '../../../../lib/kubernetes/objects.ts';
import { bindingOf, rolloutOf, templateDigest } from '../../../../lib/rules/adoption/rollout.ts';

suite('the digest of a pod template', () => {
  const template: PodTemplate = {
    metadata: { labels: { app: 'web' }, annotations: { a: '1' } },
    spec: { containers: [{ name: 'main' }] },
  };
  const same: readonly (readonly [string, PodTemplate])[] = [
    [
      'its members stand in another order',
      {
        spec: { containers: [{ name: 'main' }] },
        metadata: { annotations: { a: '1' }, labels: { app: 'web' } },
      },
    ],
    [
      'the controller of a Deployment has added its label',
      {
        ...template,
        metadata: { ...template.metadata, labels: { app: 'web', 'pod-template-hash': 'x' } },
      },
    ],
    ['members are null', { ...template, spec: { ...template.spec, initContainers: null } }],
  ];
  for (const [what, other] of same) {
    test(`is the same if ${what}`, () => {
      assert.equal(templateDigest(other), templateDigest(template));
    });
  }
  const different: readonly (readonly [string, PodTemplate | null])[] = [
    ['an annotation', { ...template, metadata: { ...template.metadata, annotations: { a: '2' } } }],
    ['a label', { ...template, metadata: { ...template.metadata, labels: { app: 'w' } } }],
    [
      'the order of its containers',
      {
        ...template,
        spec: { containers: [{ name: 'a' }, { name: 'main' }] },
      },
    ],
    ['everything', null],
  ];
  for (const [what, other] of different) {
    test(`differs with another value of ${what}`, () => {
      assert.notEqual(templateDigest(other), templateDigest(template));
    });
  }

  test('forms the binding of a record together with a uid', () => {
    const bound = bindingOf('u', { template: 't' });
    assert.equal(bindingOf('u', { template: 't' }), bound);
    assert.notEqual(bindingOf('v', { template: 't' }), bound);
    assert.notEqual(bindingOf('u', { template: 's' }), bound);
  });
});

suite('the rollout of a workload', () => {
  const of = (object: WorkloadObject, kind: WorkloadKind = 'Deployment') => rolloutOf(kind, object);

  test('is observed once its controller has seen its generation', () => {
    const at = (generation: number, observedGeneration: number | null) =>
      of({ metadata: { generation }, status: { observedGeneration } }).observed;
    assert.deepEqual([at(2, 1), at(2, 2), at(2, 3), at(1, null)], [false, true, true, false]);
    assert.equal(of({}).observed, true);
  });

  test('has a spec that was never changed if its generation is 1', () => {
    const at = (generation: number) => of({ metadata: { generation } }).neverChanged;
    assert.deepEqual([at(1), at(2)], [true, false]);
  });

  test('is as old as the last write of the template by any manager', () => {
    const wrote = (time: string, fieldsV1: object) => ({ manager: 'm', time, fieldsV1 });
    const managedFields = [
      wrote('2026-11-30T09:00:00Z', { 'f:spec': { 'f:template': {} } }),
      wrote('2026-11-30T10:00:00Z', { 'f:spec': { 'f:template': {} } }),
      wrote('2026-11-30T11:00:00Z', { 'f:spec': { 'f:replicas': {} } }),
      { manager: 'm', fieldsV1: { 'f:spec': { 'f:template': {} } } },
    ];
    const { templateWrittenAt } = of({ metadata: { managedFields } });
    assert.equal(templateWrittenAt, '2026-11-30T10:00:00Z');
    assert.equal(of({ metadata: { managedFields: null } }).templateWrittenAt, undefined);
  });

  test('is past its deadline if the controller of a Deployment says so', () => {
    const with_ = (type: string, reason: string) =>
      of({ status: { conditions: [{ type, reason }] } }).deadlineExceeded;
    assert.equal(with_('Progressing', 'ProgressDeadlineExceeded'), true);
    assert.equal(with_('Progressing', 'ReplicaSetUpdated'), false);
    assert.equal(with_('Available', 'ProgressDeadlineExceeded'), false);
    assert.equal(of({}).deadlineExceeded, false);
  });

  test('is partial with a partition', () => {
    const with_ = (partition: number) =>
      of({ spec: { updateStrategy: { rollingUpdate: { partition } } } }, 'StatefulSet').partial;
    assert.deepEqual([with_(0), with_(1)], [false, true]);
  });

  test('of a StatefulSet is complete if all Pods have its newest revision', () => {
    const at = (currentRevision: string | null, updateRevision: string | null) => {
      const rollout = of({ status: { currentRevision, updateRevision } }, 'StatefulSet');
      return [rollout.complete, rollout.updateRevision];
    };
    assert.deepEqual(at('a', 'a'), [true, 'a']);
    assert.deepEqual(at('a', 'b'), [false, 'b']);
    assert.deepEqual(at(null, null), [false, undefined]);
  });

  test('of a DaemonSet is complete if each node has a Pod of its newest template, and no other node has one', () => {
    const at = (desired: number, updated: number, current: number, misscheduled?: number) =>
      of(
        {
          metadata: { annotations: { 'deprecated.daemonset.template.generation': '3' } },
          status: {
            desiredNumberScheduled: desired,
            updatedNumberScheduled: updated,
            currentNumberScheduled: current,
            numberMisscheduled: misscheduled ?? null,
          },
        },
        'DaemonSet',
      );
    assert.deepEqual(
      [at(2, 2, 2), at(2, 1, 2), at(2, 2, 1), at(2, 2, 2, 1)].map(({ complete }) => complete),
      [true, false, false, false],
    );
    assert.equal(at(2, 2, 2).generation, '3');
    assert.equal(of({}, 'DaemonSet').complete, true);
  });
});
