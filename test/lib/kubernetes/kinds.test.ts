import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  allSources,
  anySource,
  apiVersionOf,
  isWorkloadReference,
  isWorkloadResource,
  listed,
  perSourceKind,
  sourceEntry,
  sourceKinds,
  sourceResources,
  withDefaultKinds,
  workloadEntry,
  workloadKinds,
} from '../../../lib/kubernetes/kinds.ts';

suite('the kinds that wave-cron knows', () => {
  test('are listed in the order in which they are reported', () => {
    assert.deepEqual(workloadKinds, ['Deployment', 'StatefulSet', 'DaemonSet']);
    assert.deepEqual(sourceKinds, ['ConfigMap', 'Secret']);
  });

  test('are handled by default if a cluster surely has them, and others only if they are asked for', () => {
    const byDefault = workloadKinds.filter((kind) => workloadEntry(kind).isDefault);
    assert.deepEqual(withDefaultKinds([]), byDefault);
    assert.deepEqual(withDefaultKinds([...workloadKinds].reverse()), workloadKinds);
    for (const kind of byDefault) assert.equal(workloadEntry(kind).group, 'apps', kind);
  });

  test('have a group and version as an object says it', () => {
    assert.equal(apiVersionOf(workloadEntry('DaemonSet')), 'apps/v1');
    assert.equal(apiVersionOf(sourceEntry('Secret')), 'v1');
  });

  test('are found by the owner references of a source, in any version of their group', () => {
    const isOne = (apiVersion: string, kind: string) => isWorkloadReference({ apiVersion, kind });
    for (const kind of workloadKinds) {
      assert.ok(isOne(`${workloadEntry(kind).group}/v1beta2`, kind), kind);
    }
    assert.ok(!isOne('apps/v1', 'ReplicaSet'));
    assert.ok(!isOne('apps.example.com/v1', 'Deployment'));
    assert.ok(!isOne('v1', 'Namespace'));
    assert.ok(!isWorkloadReference({}));
  });

  test('are found by their resource', () => {
    assert.ok(isWorkloadResource({ apiGroup: 'apps', resource: 'statefulsets' }));
    assert.ok(!isWorkloadResource({ apiGroup: 'apps', resource: 'replicasets' }));
    assert.ok(!isWorkloadResource({ apiGroup: '', resource: 'deployments' }));
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
    const { revisions } = workloadEntry('Deployment');
    assert.equal(revisions.number(replicaSet), 7);
    assert.equal(revisions.earlierNumbers(replicaSet), '1,3');
    assert.deepEqual(revisions.template(replicaSet), { spec: {} });
    assert.equal(revisions.number({}), 0);
    for (const kind of ['StatefulSet', 'DaemonSet'] as const) {
      const { number, earlierNumbers, template } = workloadEntry(kind).revisions;
      const revision = { revision: 5, data: { spec: { template: { metadata: { name: 'x' } } } } };
      assert.equal(number(revision), 5);
      assert.equal(earlierNumbers(revision), undefined);
      assert.deepEqual(template(revision), { metadata: { name: 'x' } });
      assert.deepEqual(template({}), {});
    }
  });
});
