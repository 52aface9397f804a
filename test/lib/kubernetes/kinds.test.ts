import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  allSources,
  anySource,
  apiVersionOf,
  builtInKinds,
  customKindPattern,
  isBuiltInReference,
  isCustomKind,
  isSameKind,
  listed,
  perSourceKind,
  referencedKind,
  revisionKind,
  sourceEntry,
  sourceKinds,
  sourceResources,
  withDefaultKinds,
  workloadEntry,
  workloadKindOf,
} from '../../../lib/kubernetes/kinds.ts';

suite('the kinds that wave-cron knows', () => {
  test('are listed in the order in which they are reported', () => {
    assert.deepEqual(builtInKinds, ['Deployment', 'StatefulSet', 'DaemonSet']);
    assert.deepEqual(sourceKinds, ['ConfigMap', 'Secret']);
  });

  test('are handled by default if a cluster surely has them, and others only if they are asked for', () => {
    const byDefault = builtInKinds.filter((kind) => workloadEntry(kind).isDefault);
    assert.deepEqual(withDefaultKinds([]), byDefault);
    assert.deepEqual(withDefaultKinds([...builtInKinds].reverse()), builtInKinds);
    for (const kind of byDefault) assert.equal(workloadEntry(kind).group, 'apps', kind);
  });

  test('have a group and version as an object says it', () => {
    assert.equal(apiVersionOf(workloadEntry('DaemonSet')), 'apps/v1');
    assert.equal(apiVersionOf(sourceEntry('Secret')), 'v1');
  });

  test('are found by the owner references of a source, in any version of their group', () => {
    const isOne = (apiVersion: string, kind: string) => isBuiltInReference({ apiVersion, kind });
    for (const kind of builtInKinds) {
      assert.ok(isOne(`${workloadEntry(kind).group}/v1beta2`, kind), kind);
    }
    assert.ok(!isOne('apps/v1', 'ReplicaSet'));
    assert.ok(!isOne('apps.example.com/v1', 'Deployment'));
    assert.ok(!isOne('v1', 'Namespace'));
    assert.ok(!isBuiltInReference({}));
  });

  test('are listed in words', () => {
    assert.equal(anySource, 'ConfigMap or Secret');
    assert.equal(allSources, 'ConfigMaps and Secrets');
    assert.equal(sourceResources, 'configmaps and secrets');
    assert.equal(listed(['a', 'b', 'c'], 'or'), 'a, b or c');
    assert.equal(listed(['a'], 'or'), 'a');
    assert.equal(listed([], 'or'), '');
  });

  test('give their values in base64, whether the API has them as text or not', () => {
    assert.equal(sourceEntry('ConfigMap').base64Of('ä'), 'w6Q=');
    assert.equal(sourceEntry('Secret').base64Of('w6Q='), 'w6Q=');
    const areSecret = perSourceKind((kind) => sourceEntry(kind).isConfidential);
    assert.deepEqual(areSecret, { ConfigMap: false, Secret: true });
  });

  test('number their revisions as their controllers do', () => {
    const annotations = {
      'deployment.kubernetes.io/revision': '7',
      'deployment.kubernetes.io/revision-history': '1,3',
    };
    const replicaSet = { metadata: { annotations }, spec: { template: { spec: {} } } };
    const revisions = revisionKind('Deployment');
    assert.equal(revisions.number(replicaSet), 7);
    assert.equal(revisions.earlierNumbers(replicaSet), '1,3');
    assert.deepEqual(revisions.template(replicaSet), { spec: {} });
    assert.equal(revisions.number({}), 0);
    for (const kind of ['StatefulSet', 'DaemonSet'] as const) {
      const { number, earlierNumbers, template } = revisionKind(kind);
      const revision = { revision: 5, data: { spec: { template: { metadata: { name: 'x' } } } } };
      assert.equal(number(revision), 5);
      assert.equal(earlierNumbers(revision), undefined);
      assert.deepEqual(template(revision), { metadata: { name: 'x' } });
      assert.deepEqual(template({}), {});
    }
  });
});

suite('a kind of another API', () => {
  const rollout = 'Rollout.v1alpha1.argoproj.io';
  const asts = 'StatefulSet.v1beta1.apps.kruise.io';

  test('is written as kubectl writes it: Kind.version.group', () => {
    for (const text of [rollout, asts, 'Service.v1.serving.knative.dev', 'A1.v2beta10.x.example']) {
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

  // Each of them has a pod template. A ReplicaSet belongs to a Deployment, and a Job runs once.
  test('has a group with a dot, as the groups of Kubernetes with other workloads do not', () => {
    for (const text of ['ReplicaSet.v1.apps', 'Job.v1.batch', 'CronJob.v1.batch']) {
      assert.ok(!isCustomKind(text), text);
    }
  });

  test('with an entry of its own is known in every version', () => {
    for (const version of ['v1alpha1', 'v9']) {
      const entry = workloadEntry(`Rollout.${version}.argoproj.io`);
      assert.equal(apiVersionOf(entry), `argoproj.io/${version}`);
      assert.equal(entry.kind, 'Rollout');
      assert.equal(entry.plural, 'rollouts');
      assert.equal(entry.revisions?.kind, 'ReplicaSet');
    }
    assert.notEqual(workloadEntry(asts).rollout, workloadEntry('StatefulSet').rollout);
  });

  test('without one has the plural that most kinds have, and counts as neither healthy nor failed', () => {
    const plurals = { Widget: 'widgets', Policy: 'policies', Bus: 'buses' };
    for (const [kind, plural] of Object.entries(plurals)) {
      const entry = workloadEntry(`${kind}.v1.example.com`);
      assert.equal(entry.plural, plural);
      assert.equal(entry.revisions, undefined);
      assert.equal(entry.rollout.isReported, false);
      assert.deepEqual(entry.rollout.state({}), { phase: 'inert', failure: 'not known' });
    }
  });

  test('is patched with a merge patch, since its API supports no other', () => {
    assert.equal(workloadEntry(rollout).patchType, 'application/merge-patch+json');
  });

  test('is handled in addition to the default kinds', () => {
    assert.deepEqual(withDefaultKinds([rollout]), [...builtInKinds, rollout]);
  });

  test('is the same in each version, and another one in another group', () => {
    assert.ok(isSameKind(rollout, 'Rollout.v1.argoproj.io'));
    assert.ok(isSameKind('Deployment', 'Deployment'));
    assert.ok(!isSameKind(asts, 'StatefulSet'));
    assert.ok(!isSameKind(rollout, 'Rollout.v1alpha1.example.com'));
  });

  test('is found by an owner reference, and kinds that no setting can name are not', () => {
    const kindOf = (apiVersion: string, kind: string) => referencedKind({ apiVersion, kind });
    assert.equal(kindOf('apps.kruise.io/v1beta1', 'StatefulSet'), asts);
    assert.equal(kindOf('apps/v1', 'StatefulSet'), 'StatefulSet');
    assert.equal(kindOf('v1', 'Namespace'), undefined);
    assert.equal(kindOf('apps/v1', 'ReplicaSet'), undefined);
    assert.equal(referencedKind({}), undefined);
  });
});
