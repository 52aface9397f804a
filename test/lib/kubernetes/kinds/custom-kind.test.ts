import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  customKindPattern,
  isCustomKind,
  workloadKindOf,
} from '../../../../lib/kubernetes/kinds.ts';

suite('a kind of another API', () => {
  test('is written as in kubectl: Kind.version.group', () => {
    for (const text of [
      'Rollout.v1alpha1.argoproj.io',
      'Service.v1.serving.knative.dev',
      'A1.v2beta10.x.example',
    ]) {
      assert.ok(isCustomKind(text), text);
      assert.match(text, new RegExp(`^${customKindPattern}$`));
      assert.equal(workloadKindOf(text), text);
    }
    for (const text of [
      'Rollout',
      'Rollout.argoproj.io',
      'rollout.v1alpha1.argoproj.io',
      'Rollout.v1alpha1.Argoproj.io',
      'Rollout.v0.argoproj.io',
      'Rollout.v1alpha1.argoproj.io/web',
      `Rollout.v1.${'a.'.repeat(120)}example.com`,
    ]) {
      assert.ok(!isCustomKind(text), text);
      assert.equal(workloadKindOf(text), undefined);
    }
  });

  // Each of these kinds has a pod template. But a ReplicaSet belongs to a Deployment, and a Job runs once.
  test('has a group with a dot, unlike the groups of Kubernetes with other workloads', () => {
    for (const text of ['ReplicaSet.v1.apps', 'Job.v1.batch', 'CronJob.v1.batch']) {
      assert.ok(!isCustomKind(text), text);
    }
  });
});
