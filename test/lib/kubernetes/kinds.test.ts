import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  allSources,
  anySource,
  apiVersionOf,
  builtInKinds,
  isBuiltInReference,
  isSameKind,
  listed,
  perReferencedKind,
  referencedKind,
  referencedResource,
  sourceEntry,
  sourceKinds,
  sourceResources,
  withDefaultKinds,
  workloadEntry,
} from '../../../lib/kubernetes/kinds.ts';

suite('the kinds that wave-cron knows', () => {
  test('are listed in the order of reports', () => {
    assert.deepEqual(builtInKinds, ['Deployment', 'StatefulSet', 'DaemonSet']);
    assert.deepEqual(sourceKinds, ['ConfigMap', 'Secret']);
  });

  test('are handled by default if every cluster has them, and others only on request', () => {
    const byDefault = builtInKinds.filter((kind) => workloadEntry(kind).isDefault);
    assert.deepEqual(withDefaultKinds([]), byDefault);
    assert.deepEqual(withDefaultKinds([...builtInKinds].reverse()), builtInKinds);
    for (const kind of byDefault) assert.equal(workloadEntry(kind).group, 'apps', kind);
  });

  test("have a group and version in the form of an object's apiVersion", () => {
    assert.equal(apiVersionOf(workloadEntry('DaemonSet')), 'apps/v1');
    assert.equal(apiVersionOf(sourceEntry('Secret')), 'v1');
  });

  test('are recognized in owner references of a source, in any version of their group', () => {
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

  test('give their values in base64, even if the API has them as text', () => {
    assert.equal(sourceEntry('ConfigMap').base64Of('ä'), 'w6Q=');
    assert.equal(sourceEntry('Secret').base64Of('w6Q='), 'w6Q=');
    const areSecret = perReferencedKind((kind) => referencedResource(kind).isConfidential);
    assert.deepEqual(areSecret, { ConfigMap: false, Secret: true, SecretProviderClass: false });
  });
});

suite('a kind of another API', () => {
  const rollout = 'Rollout.v1alpha1.argoproj.io';
  const asts = 'StatefulSet.v1beta1.apps.kruise.io';

  test('with its own entry is known in every version', () => {
    for (const version of ['v1alpha1', 'v9']) {
      const entry = workloadEntry(`Rollout.${version}.argoproj.io`);
      assert.equal(apiVersionOf(entry), `argoproj.io/${version}`);
      assert.equal(entry.kind, 'Rollout');
      assert.equal(entry.plural, 'rollouts');
      assert.equal(entry.revisions?.kind, 'ReplicaSet');
    }
    assert.notEqual(workloadEntry(asts).rollout, workloadEntry('StatefulSet').rollout);
  });

  test('without its own entry has the usual plural, and counts as neither healthy nor failed', () => {
    const plurals = { Widget: 'widgets', Policy: 'policies', Bus: 'buses' };
    for (const [kind, plural] of Object.entries(plurals)) {
      const entry = workloadEntry(`${kind}.v1.example.com`);
      assert.equal(entry.plural, plural);
      assert.equal(entry.revisions, undefined);
      assert.equal(entry.rollout.isReported, false);
      assert.deepEqual(entry.rollout.state({}), { phase: 'inert', failure: 'not known' });
    }
  });

  test('is patched with a merge patch, because its API supports no other patch', () => {
    assert.equal(workloadEntry(rollout).patchType, 'application/merge-patch+json');
  });

  test('is handled in addition to the default kinds', () => {
    assert.deepEqual(withDefaultKinds([rollout]), [...builtInKinds, rollout]);
  });

  test('is the same kind in each version, but another kind in another group', () => {
    assert.ok(isSameKind(rollout, 'Rollout.v1.argoproj.io'));
    assert.ok(isSameKind('Deployment', 'Deployment'));
    assert.ok(!isSameKind(asts, 'StatefulSet'));
    assert.ok(!isSameKind(rollout, 'Rollout.v1alpha1.example.com'));
  });

  test('is recognized in an owner reference, unless no setting can name it', () => {
    const kindOf = (apiVersion: string, kind: string) => referencedKind({ apiVersion, kind });
    assert.equal(kindOf('apps.kruise.io/v1beta1', 'StatefulSet'), asts);
    assert.equal(kindOf('apps/v1', 'StatefulSet'), 'StatefulSet');
    assert.equal(kindOf('v1', 'Namespace'), undefined);
    assert.equal(kindOf('apps/v1', 'ReplicaSet'), undefined);
    assert.equal(referencedKind({}), undefined);
  });
});
