/**
 * Components can be combined freely: each has its effect in every combination, and the API server accepts all
 * objects.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import type { KubernetesObject } from '../../tools/control-plane/api.ts';
import { hasKubectl, type Rule, testNamespace } from '../../tools/control-plane/testing.ts';
import { allCombinations, type Combination } from './combinations.ts';
import { build, emptyFolder, overlay, runKubectl, shardsFile } from './kustomize.ts';
import { defineOperatorKinds } from './operator-kinds.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';
const restricted = {
  'pod-security.kubernetes.io/enforce': 'restricted',
  'pod-security.kubernetes.io/warn': 'restricted',
};

/** The effects that a combination must have, in words. */
function expected({ form, components }: Combination): string[] {
  const has = (name: string) => components.includes(name);
  const hasPolicies = has('namespaced') ? has('admission-policies') : !has('no-admission-policies');
  return [
    form,
    ...(has('namespaced') ? ['its namespace alone'] : ['all namespaces']),
    ...(hasPolicies ? ['admission policies', 'permission to create the hash key'] : []),
    'permission to read the hash key',
    ...(has('ownership') ? ['ownership'] : []),
    ...(has('ownership-enforced') ? ['permission to delete'] : []),
    ...(has('adoption') ? ['permission to list Pods'] : []),
    ...(has('kinds/argo-rollouts') ? ['kinds of other APIs'] : []),
    ...(has('sharded') ? ['3 shards'] : []),
    ...(has('metrics') ? ['dashboard', 'alerts'] : []),
    ...(has('prometheus-rule') ? ['PrometheusRule'] : []),
    ...(has('pod-monitor') ? ['PodMonitor'] : []),
    ...(has('network-policy') ? ['NetworkPolicy'] : []),
    ...(has('notifications') ? ['files of notifications'] : []),
    ...(has('http-trigger') ? ['POST /trigger'] : []),
    ...(has('watch') ? ['watches'] : []),
  ];
}

function shown(objects: readonly KubernetesObject[]): string[] {
  const text = JSON.stringify(objects);
  const of = (kind: RegExp) => objects.filter((object) => kind.test(object.kind));
  const rules = of(/Role$/).flatMap((role) => (role['rules'] ?? []) as Rule[]);
  const grants = (resource: string, verb: string) =>
    rules.some(({ resources, verbs }) => resources.includes(resource) && verbs.includes(verb));
  const variable = (name: string) =>
    new RegExp(`{"name":"${name}","value":"([^"]*)"}`).exec(text)?.[1];
  const wide = objects.some(
    ({ kind, metadata }) =>
      kind === 'Namespace' ||
      (kind.startsWith('ClusterRole') && metadata.name !== 'wave-cron-kube-system'),
  );
  const narrow = variable('WAVE_NAMESPACES') === '$(POD_NAMESPACE)';
  const seen: [boolean, string][] = [
    [of(/^CronJob$/).length === 1, 'cronjob'],
    [of(/^Deployment$/).length === 1, 'deployment'],
    [narrow && !wide, 'its namespace alone'],
    [wide && !narrow, 'all namespaces'],
    [of(/^Validating/).length === 10, 'admission policies'],
    [
      grants('secrets', 'patch') && grants('configmaps', 'patch') && grants('namespaces', 'get'),
      'ownership',
    ],
    [grants('secrets', 'delete') && grants('configmaps', 'delete'), 'permission to delete'],
    [grants('secrets', 'create'), 'permission to create the hash key'],
    [
      rules.some(({ resourceNames }) => resourceNames?.includes('wave-cron-hash-key')),
      'permission to read the hash key',
    ],
    [grants('pods', 'list'), 'permission to list Pods'],
    [
      ['rollouts', 'clonesets', 'deploymentconfigs', 'services'].every((each) =>
        grants(each, 'patch'),
      ),
      'kinds of other APIs',
    ],
    [variable('WAVE_SHARD_COUNT') === '3' && /"parallelism":3/.test(text), '3 shards'],
    [/"grafana_dashboard":"1"/.test(text), 'dashboard'],
    [of(/^ConfigMap$/).some(({ metadata }) => metadata.name === 'wave-cron-alerts'), 'alerts'],
    [of(/^PrometheusRule$/).length === 1, 'PrometheusRule'],
    [of(/^PodMonitor$/).length === 1, 'PodMonitor'],
    [of(/^NetworkPolicy$/).length === 1, 'NetworkPolicy'],
    [
      text.includes('"mountPath":"/etc/wave-cron-notifications"') &&
        text.includes('"secretName":"wave-cron-notifications"'),
      'files of notifications',
    ],
    [
      of(/^Service$/).length === 1 &&
        variable('WAVE_TRIGGERS_HTTP_TOKEN_FILE') === '/etc/wave-cron-trigger/token' &&
        text.includes('"secretName":"wave-cron-trigger"'),
      'POST /trigger',
    ],
    [
      grants('configmaps', 'watch') &&
        !grants('secrets', 'list') &&
        variable('WAVE_TRIGGERS_WATCH') === 'ConfigMap,Workload',
      'watches',
    ],
  ];
  return seen.filter(([holds]) => holds).map(([, what]) => what);
}

/**
 * Applies the objects with a server-side dry run and kubectl's strict validation. Throws with the API server's
 * errors.
 */
async function dryRun(objects: readonly object[]): Promise<{ stdout: string; stderr: string }> {
  const file = join(emptyFolder(), 'objects.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  return runKubectl('apply', '--server-side', '--dry-run=server', '-f', file);
}

suite('components', { skip }, () => {
  before(defineOperatorKinds);

  test('have their effect in every combination, and the API server accepts every object without a warning', async (t) => {
    const namespace = await testNamespace(t, restricted);
    const distinct = new Map<string, KubernetesObject>();
    let count = 0;
    for await (const combinations of allCombinations(namespace)) {
      for (const combination of combinations) {
        const what = `${combination.form} with ${combination.components.join(', ')}`;
        const { objects } = combination;
        assert.deepEqual(shown(objects).sort(), expected(combination).sort(), what);
        const ids = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
        assert.equal(new Set(ids).size, ids.length, `${what}: ${ids.join(', ')}`);
        const elsewhere = objects.filter(
          ({ kind, metadata }) =>
            !/^(Cluster|Validating|Namespace$)/.test(kind) && metadata.namespace !== namespace,
        );
        assert.deepEqual(elsewhere, [], what);
        for (const object of objects) distinct.set(JSON.stringify(object), object);
        count += 1;
      }
    }
    assert.ok(count > 100);
    // Combinations share most of their objects. The API server validates each object by itself, so each needs
    // one dry run only.
    const { stdout, stderr } = await dryRun([...distinct.values()]);
    assert.equal(stderr, '');
    assert.equal(stdout.match(/serverside-applied \(server dry run\)$/gm)?.length, distinct.size);
  });

  test('for the Prometheus operator are validated with its own schema, so the test above can fail', async (t) => {
    const namespace = await testNamespace(t);
    const components = ['components/pod-monitor'];
    const objects = await build(overlay({ resources: ['deployment'], components, namespace }));
    const monitor = objects.find(({ kind }) => kind === 'PodMonitor');
    const spec = { ...(monitor?.['spec'] as object), podMetricEndpoints: [] };
    await assert.rejects(dryRun([{ ...monitor, spec }]), /unknown field|field not declared/);
  });

  for (const [name, form, files, says] of [
    ['pod-monitor', 'cronjob', {}, /nothing selected by Deployment/],
    ['http-trigger', 'cronjob', {}, /nothing selected by Deployment/],
    ['watch', 'cronjob', {}, /nothing selected by Deployment/],
    ['sharded', 'deployment', shardsFile(3), /nothing selected by CronJob/],
    ['sharded', 'cronjob', {}, /nothing selected by ConfigMap\S*\/wave-cron-shards/],
  ] as const) {
    const beside = Object.keys(files).length === 0 ? '' : ' with shards.yaml';
    test(`${name} is refused with ${form}${beside}, and the error names the missing object`, async () => {
      const resources = [form, ...Object.keys(files)];
      const folder = overlay({ resources, components: [`components/${name}`] }, files);
      await assert.rejects(build(folder), says);
    });
  }
});
