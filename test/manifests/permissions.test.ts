/** The shipped manifests grant exactly the permissions that the settings need. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { WorkloadKind } from '../../lib/kubernetes/kinds.ts';
import { hasKubectl } from '../../tools/control-plane/testing.ts';
import { granted, type Needs, needed } from './granted-permissions.ts';
import { build, overlay, shardsFile } from './kustomize.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';

/**
 * Components, the settings that need these components, and the words for both in the names of the
 * tests.
 */
const choices = [
  { components: [], needs: {}, what: 'the default settings need' },
  { components: ['ownership'], needs: { ownership: 'references' }, what: 'ownership needs' },
  { components: ['adoption'], needs: { adoption: 'if-changed' }, what: 'if-changed needs' },
  { components: ['adoption'], needs: { restart: 'if-stale' }, what: 'if-stale needs' },
  {
    components: ['ownership', 'ownership-enforced'],
    needs: { ownership: 'references', enforced: true },
    what: 'a cluster that enforces owner references asks for',
  },
  {
    components: ['no-admission-policies'],
    needs: { admissionPolicies: false },
    what: 'the settings need without the admission policies',
  },
  {
    components: ['watch'],
    needs: { triggers: { http: {}, watch: ['ConfigMap', 'Workload'] } },
    what: 'watches of ConfigMaps and workloads need',
  },
  {
    components: ['watch-secrets'],
    needs: { triggers: { http: {}, watch: ['ConfigMap', 'Secret', 'Workload'] } },
    what: 'watches of Secrets need in addition',
  },
  {
    components: ['opt-in-namespace'],
    needs: { optIn: 'namespace' },
    isClusterWide: true,
    what: 'optIn: namespace needs',
  },
  {
    components: ['name-patterns'],
    needs: { namePatterns: ['ConfigMap'] },
    what: 'patterns for ConfigMaps need',
  },
  {
    components: ['name-patterns', 'name-patterns-secrets'],
    needs: { namePatterns: ['ConfigMap', 'Secret'] },
    what: 'patterns for Secrets need in addition',
  },
  {
    components: ['secrets-store'],
    needs: { sourceKinds: ['ConfigMap', 'Secret', 'SecretProviderClass'] },
    what: 'objects of the Secrets Store CSI driver need',
  },
  { components: ['opt-in-all'], needs: { optIn: 'all' }, what: 'optIn: all needs' },
  {
    components: ['kinds/argo-rollouts', 'kinds/openkruise', 'kinds/openshift', 'kinds/knative'],
    needs: {
      kinds: [
        ...['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout.v1alpha1.argoproj.io'],
        ...['CloneSet.v1alpha1.apps.kruise.io', 'StatefulSet.v1beta1.apps.kruise.io'],
        ...['DeploymentConfig.v1.apps.openshift.io', 'Service.v1.serving.knative.dev'],
      ] as WorkloadKind[],
    },
    what: 'kinds of other APIs need',
  },
  { components: ['sharded'], needs: { shard: { count: 32 } }, what: '32 shards need' },
] as const satisfies readonly {
  components: readonly string[];
  needs: Needs;
  /** Whether the choice does not work in an installation for one namespace. */
  isClusterWide?: true;
  what: string;
}[];

suite('the permissions that are shipped', { skip, concurrency: 4 }, () => {
  const permissionsOf = async (form: string, names: readonly string[], namespace: string) => {
    const components = names.map((name) => `components/${name}`);
    const files = names.includes('sharded') ? shardsFile(32) : {};
    const resources = [form, ...Object.keys(files)];
    return granted(await build(overlay({ resources, components, namespace }, files))).sort();
  };
  for (const form of ['cronjob', 'deployment']) {
    for (const choice of choices) {
      const { components, needs, what } = choice;
      // The Deployment has no shards, and the CronJob has no watches.
      if ((form === 'deployment' ? 'shard' : 'triggers') in needs) continue;
      const named = ['the form alone', ...components].at(-1);
      test(`with ${form} and ${named} are exactly those that ${what}`, async () => {
        const permissions = await permissionsOf(form, components, 'wave-cron');
        assert.deepEqual(permissions, needed('wave-cron', needs).sort());
      });

      if ('isClusterWide' in choice) continue;
      test(`with ${form}, ${named} and namespaced are exactly those that it needs in one namespace, in any order of the components`, async () => {
        const wanted = needed('team-a', {
          ...needs,
          namespaces: ['team-a'],
          admissionPolicies: false,
        }).sort();
        const all = [...components, 'namespaced'];
        assert.deepEqual(await permissionsOf(form, all, 'team-a'), wanted);
        assert.deepEqual(await permissionsOf(form, all.toReversed(), 'team-a'), wanted);
      });
    }
  }
});
