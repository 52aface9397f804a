/** The chart grants exactly the permissions that its settings need. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import type { Fields, KubernetesObject } from '../../../tools/control-plane/api.ts';
import { granted, type Needs, needed } from '../granted-permissions.ts';
import { render } from './helm.ts';

const namespace = 'ops';
const lease = { name: 'own', namespace: 'leases', durationSeconds: 15 };

const custom = [
  'Rollout.v1alpha1.argoproj.io',
  'StatefulSet.v1beta1.apps.kruise.io',
  'Policy.v1.example.com',
  'Bus.v2.example.com',
] as const;

const choices: readonly { what: string; values: Fields; needs: Needs }[] = [
  { what: 'no values', values: {}, needs: {} },
  {
    what: 'owner references',
    values: { settings: { ownership: 'references' } },
    needs: { ownership: 'references' },
  },
  {
    what: 'owner references in one namespace',
    values: { settings: { ownership: 'references' }, namespaced: true },
    needs: { ownership: 'references', namespaces: [namespace], admissionPolicies: false },
  },
  {
    what: 'ownership off, until its last pass',
    values: { settings: { ownership: 'off' }, rbac: { ownership: true } },
    needs: { ownership: 'finalizer' },
  },
  {
    what: 'owner references enforced',
    values: { settings: { ownership: 'finalizer' }, rbac: { ownershipEnforced: true } },
    needs: { ownership: 'finalizer', enforced: true },
  },
  {
    what: 'rollout annotations of namespaces switched off',
    values: { settings: { rollouts: { namespaceAnnotations: 'off' } } },
    needs: { rollouts: { ...defaultSettings.rollouts, namespaceAnnotations: 'off' } },
  },
  {
    what: 'rollout annotations of namespaces read as false',
    values: { settings: { rollouts: { namespaceAnnotations: false } } },
    needs: { rollouts: { ...defaultSettings.rollouts, namespaceAnnotations: 'off' } },
  },
  {
    what: 'no limit and no cooldown, which an annotation may set',
    values: { settings: { rollouts: { limit: { count: 0 } } } },
    needs: {},
  },
  {
    what: 'adoption',
    values: { settings: { adoption: 'if-changed' } },
    needs: { adoption: 'if-changed' },
  },
  {
    what: 'objects of the Secrets Store CSI driver',
    values: { settings: { sourceKinds: ['ConfigMap', 'Secret', 'SecretProviderClass'] } },
    needs: { sourceKinds: ['ConfigMap', 'Secret', 'SecretProviderClass'] },
  },
  {
    what: 'restart: if-stale',
    values: { settings: { restart: 'if-stale' } },
    needs: { restart: 'if-stale' },
  },
  {
    what: 'adoption by annotations',
    values: { rbac: { adoption: true } },
    needs: { adoption: 'if-changed' },
  },
  {
    what: 'watches of ConfigMaps and workloads',
    values: { kind: 'Deployment', settings: { triggers: { watch: ['ConfigMap', 'Workload'] } } },
    needs: { triggers: { http: {}, watch: ['ConfigMap', 'Workload'] } },
  },
  {
    what: 'watches of Secrets in one namespace',
    values: {
      kind: 'Deployment',
      namespaced: true,
      settings: { triggers: { watch: ['Secret'] } },
    },
    needs: {
      triggers: { http: {}, watch: ['Secret'] },
      namespaces: [namespace],
      admissionPolicies: false,
    },
  },
  {
    what: 'namespaces that opt in their workloads',
    values: { settings: { optIn: 'namespace' } },
    needs: { optIn: 'namespace' },
  },
  {
    what: 'one namespace that opts in its workloads, without the rollout annotations of namespaces',
    values: {
      namespaced: true,
      settings: { optIn: 'namespace', rollouts: { namespaceAnnotations: 'off' } },
    },
    needs: {
      ...{ optIn: 'namespace', namespaces: [namespace], admissionPolicies: false },
      rollouts: { ...defaultSettings.rollouts, namespaceAnnotations: 'off' },
    },
  },
  {
    what: 'patterns of names',
    values: { settings: { namePatterns: ['ConfigMap', 'Secret'] } },
    needs: { namePatterns: ['ConfigMap', 'Secret'] },
  },
  {
    what: 'patterns of names and watches',
    values: {
      kind: 'Deployment',
      settings: { namePatterns: ['ConfigMap', 'Secret'], triggers: { watch: ['ConfigMap'] } },
    },
    needs: {
      namePatterns: ['ConfigMap', 'Secret'],
      triggers: { http: {}, watch: ['ConfigMap'] },
    },
  },
  {
    what: 'all workloads',
    values: { settings: { optIn: 'all' } },
    needs: { optIn: 'all' },
  },
  {
    what: 'a selector of namespaces',
    values: { settings: { namespaceSelector: 'a=b' } },
    needs: { namespaceSelector: 'a=b' },
  },
  {
    what: 'another Lease, beside which the admission policies let nothing be created',
    values: { settings: { lease } },
    needs: { lease, admissionPolicies: false },
  },
  {
    what: 'no admission policies',
    values: { admissionPolicies: { enabled: false } },
    needs: { admissionPolicies: false },
  },
  {
    what: 'one namespace and the admission policies',
    values: { namespaced: true, admissionPolicies: { enabled: true } },
    needs: { namespaces: [namespace] },
  },
  {
    what: 'kinds of other APIs',
    values: { settings: { kinds: ['Deployment', ...custom] } },
    needs: { kinds: ['Deployment', 'StatefulSet', 'DaemonSet', ...custom] },
  },
  {
    what: 'watches of kinds of other APIs',
    values: {
      kind: 'Deployment',
      settings: { kinds: ['Deployment', ...custom], triggers: { watch: ['Workload'] } },
    },
    needs: {
      kinds: ['Deployment', 'StatefulSet', 'DaemonSet', ...custom],
      triggers: { http: {}, watch: ['Workload'] },
    },
  },
  { what: 'shards', values: { shards: 3 }, needs: { shard: { count: 3 } } },
  {
    what: 'one namespace',
    values: { namespaced: true },
    needs: { namespaces: [namespace], admissionPolicies: false },
  },
  {
    what: 'several namespaces, with sources of another and a hash key',
    values: {
      namespaced: true,
      settings: {
        namespaces: ['a', 'b'],
        crossNamespaceReferences: ['a', 'shared'],
        hashKey: 'key',
      },
    },
    needs: {
      namespaces: ['a', 'b'],
      crossNamespaceReferences: ['a', 'shared'],
      hashKey: 'key',
    },
  },
  {
    what: 'a hash key of another namespace, in one namespace',
    values: { namespaced: true, settings: { hashKey: 'keys/key' } },
    needs: { namespaces: [namespace], hashKey: 'keys/key' },
  },
];

suite('the permissions of the chart', { concurrency: 2 }, () => {
  for (const { what, values, needs } of choices) {
    test(`are exactly those that it needs, with ${what}`, async () => {
      const objects = await render({ values, namespace });
      assert.deepEqual(granted(objects).sort(), needed(namespace, needs).sort());
    });
  }

  test('are not created with rbac.create: false', async () => {
    const objects = await render({ values: { rbac: { create: false } } });
    assert.deepEqual(
      objects.filter(({ kind }) => /Role/.test(kind)),
      [],
    );
  });

  test('belong to the named account, which the chart need not create', async () => {
    const named = { serviceAccount: { create: false, name: 'theirs' } };
    const objects = await render({ values: named, namespace });
    assert.ok(objects.every(({ kind }) => kind !== 'ServiceAccount'));
    const subjects = objects.flatMap((it) => (it['subjects'] ?? []) as object[]);
    const theirs = { kind: 'ServiceAccount', name: 'theirs', namespace };
    assert.deepEqual(subjects, Array(4).fill(theirs));
    assert.match(JSON.stringify(objects), /"serviceAccountName":"theirs"/);
    const bindings = objects.filter(
      (it): it is KubernetesObject & { spec: { paramRef: object } } =>
        it.kind === 'ValidatingAdmissionPolicyBinding',
    );
    const paramRef = { name: 'theirs', namespace, parameterNotFoundAction: 'Allow' };
    assert.deepEqual(
      bindings.map(({ spec }) => spec.paramRef),
      [
        paramRef,
        paramRef,
        { name: 'kube-system', parameterNotFoundAction: 'Allow' },
        paramRef,
        paramRef,
      ],
    );
  });
});
