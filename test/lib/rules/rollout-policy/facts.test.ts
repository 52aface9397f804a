import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { WorkloadKind } from '../../../../lib/kubernetes/kinds.ts';
import { annotationKeysOf } from '../../../../lib/rules/annotations.ts';
import {
  annotationText,
  type PolicyNames,
  policyTexts,
  rolloutFactsOf,
} from '../../../../lib/rules/rollout-policy/facts.ts';
import { formatPending } from '../../../../lib/rules/rollout-policy/pending.ts';
import { hashOf, names, now } from './rules.ts';

const factsOf = (annotations: Readonly<Record<string, string>>) =>
  rolloutFactsOf('Deployment', { metadata: { annotations } }, undefined, names);

suite('the rollout facts of a workload', () => {
  test('are empty for most workloads, and take no memory', () => {
    assert.deepEqual(factsOf({ 'a/update-on-config-change': 'true' }), {});
  });

  test('are its annotations', () => {
    const pending = { hash: hashOf('a'), keyId: undefined, since: now, reason: 'Paused' };
    assert.deepEqual(
      factsOf({
        'a/rollout-pause': 'true',
        'a/rollout-windows': '[]',
        'a/rollout-approval': 'required',
        'a/rollout-settle': '30s',
        'a/rollout-cooldown': '10m',
        'a/rollout-order': '3',
        'a/rollout-now': hashOf('b'),
        'a/approved-config': hashOf('c'),
        'a/pending-config': formatPending(pending),
      }),
      {
        texts: {
          pause: 'true',
          windows: '[]',
          approval: 'required',
          settle: '30s',
          cooldown: '10m',
        },
        ...{ order: '3', now: hashOf('b'), approved: hashOf('c'), hasPending: true, pending },
      },
    );
  });

  test('say whether all of its Pods are healthy', () => {
    const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
    const object = { metadata: { generation: 1 }, spec: { replicas: 1 }, status };
    assert.deepEqual(rolloutFactsOf('Deployment', object, undefined, names), { isHealthy: true });
  });

  test('have the rollout that is under way', () => {
    const history = JSON.stringify(['2026-11-30T07:00:00Z']);
    const object = { metadata: { annotations: { 'a/rollout-history': history } } };
    const { underWay } = rolloutFactsOf('Deployment', object, hashOf('a'), names);
    assert.equal(underWay?.startedAt, now);
    assert.deepEqual(rolloutFactsOf('Deployment', {}, hashOf('a'), names), {});
  });

  test('distinguish an invalid record from no record', () => {
    assert.deepEqual(factsOf({ 'a/pending-config': 'x' }), { hasPending: true });
  });

  test('are limited to the length of valid values', () => {
    const long = 'x'.repeat(100_000);
    const {
      texts,
      order,
      now: at,
      approved,
    } = factsOf(Object.fromEntries(Object.values(names).map((name) => [name, long])));
    assert.equal(texts?.windows?.length, 4097);
    for (const text of [
      texts.pause,
      texts.approval,
      texts.settle,
      texts.cooldown,
      order,
      at,
      approved,
    ]) {
      assert.equal(text?.length, 100);
    }
  });
});

test('the pause period of Reloader only counts on Deployments, with its compatibility', () => {
  const annotations = { 'deployment.reloader.stakater.com/pause-period': '5m' };
  const object = { metadata: { annotations } };
  const reloader = annotationKeysOf('a', ['reloader']);
  const of = (kind: WorkloadKind, keys: PolicyNames) =>
    rolloutFactsOf(kind, object, undefined, keys).texts;
  assert.deepEqual(of('Deployment', reloader), { pausePeriod: '5m' });
  assert.equal(of('StatefulSet', reloader), undefined);
  assert.equal(of('Deployment', names), undefined);
  assert.equal(
    annotationText('pausePeriod', reloader),
    'annotation deployment.reloader.stakater.com/pause-period',
  );
});

test('the annotations of a namespace are read like those of a workload', () => {
  assert.deepEqual(policyTexts({ 'a/rollout-pause': 'true', other: 'x' }, names), {
    pause: 'true',
  });
  assert.equal(policyTexts({ other: 'x' }, names), undefined);
});

test('messages name an annotation, and the namespace if it is on one', () => {
  assert.equal(annotationText('settle', names), 'annotation a/rollout-settle');
  assert.equal(
    annotationText('settle', names, 'shop'),
    'annotation a/rollout-settle of namespace shop',
  );
});
