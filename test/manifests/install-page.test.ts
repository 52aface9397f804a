import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { suite, test } from 'node:test';
import type { KubernetesObject } from '../../tools/control-plane/api.ts';
import { hasKubectl } from '../../tools/control-plane/testing.ts';
import { build, emptyFolder, manifests, objectOf } from './kustomize.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';
const textOf = (page: string) => readFileSync(join(manifests, '../docs', page), 'utf8');

type Files = Record<string, string>;
type CronJob = KubernetesObject & {
  spec: { jobTemplate: { spec: { completions: number; parallelism: number } } };
};

/** The files that each section of a page tells the reader to create, by the heading of the section. */
function examples(page = 'install.md'): Map<string, Files> {
  const all = new Map<string, Files>();
  for (const section of textOf(page)
    .split(/^#+ (?=[A-Z])/m)
    .slice(1)) {
    const heading = section.slice(0, section.indexOf('\n'));
    const files: Files = {};
    for (const [, name = '', text = ''] of section.matchAll(
      /^```yaml\n# (\S+)[^\n]*\n(.*?)^```$/gms,
    )) {
      assert.ok(!(name in files), `two files ${name} under "${heading}"`);
      files[name] = text;
    }
    if ('kustomization.yaml' in files) all.set(heading, files);
  }
  return all;
}

async function buildExample(heading: string, more: Files = {}): Promise<KubernetesObject[]> {
  const files = examples().get(heading);
  assert.ok(files, `${heading} has an example`);
  return await buildFiles({ ...files, ...more });
}

/** Writes the files, with this repository in place of the clone that the page assumes, and builds the overlay. */
async function buildFiles(files: Files): Promise<KubernetesObject[]> {
  const folder = emptyFolder();
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    const here = relative(dirname(file), manifests);
    writeFileSync(file, text.replaceAll(/(\.\.\/)+wave-cron\/manifests/g, here));
  }
  return build(folder);
}

suite('docs/install.md', { skip, concurrency: 4 }, () => {
  test('has an example in each section that needs one', () => {
    assert.deepEqual(
      [...examples().keys()],
      [
        'Install',
        'How often',
        'Settings',
        'In one namespace, without ClusterRoles',
        'In several namespaces, without ClusterRoles',
        'In another namespace, or twice',
        'With owner references',
        'On clusters that enforce owner references',
        'Without the admission policies',
        'Network access to its Pods',
        'Without an initial restart',
        'In shards, for a very large cluster',
      ],
    );
  });

  test('installs the image of a registry', async () => {
    const objects = JSON.stringify(await buildExample('Install'));
    assert.match(objects, /"image":"registry.example.com\/wave-cron:0.1.0"/);
  });

  test('sets how often the CronJob runs', async () => {
    const { spec } = objectOf(await buildExample('How often'), 'CronJob');
    assert.equal(spec?.['schedule'], '*/5 * * * *');
  });

  test('replaces the settings', async () => {
    const objects = await buildExample('Settings');
    const text = 'hashKey: auto\nresyncInterval: 30s\nignoreNamespaces: [kube-system]\n';
    assert.deepEqual(objectOf(objects, 'ConfigMap').data, { 'settings.yaml': text });
  });

  test('lets Prometheus reach the Deployment from another namespace', async () => {
    const { spec } = objectOf(await buildExample('Network access to its Pods'), 'NetworkPolicy');
    const matchLabels = { 'kubernetes.io/metadata.name': 'prometheus' };
    assert.deepEqual(spec?.['ingress'], [
      { from: [{ namespaceSelector: { matchLabels } }], ports: [{ port: 'http' }] },
    ]);
  });

  test('adopts without a restart, with the permission to list Pods that this needs', async () => {
    const objects = await buildExample('Without an initial restart');
    const text = 'hashKey: auto\nadoption: if-changed\n';
    assert.deepEqual(objectOf(objects, 'ConfigMap').data, { 'settings.yaml': text });
    const role = objectOf<KubernetesObject & { rules: object[] }>(
      objects,
      'ClusterRole',
      'wave-cron',
    );
    assert.deepEqual(role.rules.at(-1), {
      apiGroups: [''],
      resources: ['pods'],
      verbs: ['list'],
    });
  });

  test('installs wave-cron in one namespace', async () => {
    const objects = await buildExample('In one namespace, without ClusterRoles');
    assert.ok(objects.every(({ metadata }) => metadata.namespace === 'team-a'));
  });

  test('installs wave-cron for several namespaces, with permissions in each of them and none elsewhere', async () => {
    const heading = 'In several namespaces, without ClusterRoles';
    const one = examples().get(heading)?.['team-a/kustomization.yaml'] ?? '';
    const other = { 'team-b/kustomization.yaml': one.replace('team-a', 'team-b') };
    const objects = await buildExample(heading, other);
    assert.deepEqual(
      objects.filter(({ kind }) => /^Cluster|^Namespace|^Validating/.test(kind)),
      [],
    );
    const bound = objects.filter(({ kind }) => kind === 'RoleBinding');
    assert.deepEqual(
      bound.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`).sort(),
      [
        ...['team-a', 'team-b', 'wave-cron'].flatMap((namespace) => [`${namespace}/wave-cron`]),
        'wave-cron/wave-cron-hash-key',
        'wave-cron/wave-cron-lease',
      ].sort(),
    );
    const subjects = [{ kind: 'ServiceAccount', name: 'wave-cron', namespace: 'wave-cron' }];
    for (const binding of bound) assert.deepEqual(binding['subjects'], subjects);
    const cronJob = JSON.stringify(objectOf(objects, 'CronJob'));
    assert.equal(cronJob.match(/WAVE_NAMESPACES/g)?.length, 1);
    assert.match(cronJob, /"name":"WAVE_NAMESPACES","value":"team-a,team-b"/);
  });

  test('divides a pass among the number of shards in its file', async () => {
    const objects = await buildExample('In shards, for a very large cluster');
    const { spec } = objectOf<CronJob>(objects, 'CronJob').spec.jobTemplate;
    assert.deepEqual([spec.completions, spec.parallelism], [4, 4]);
    assert.match(JSON.stringify(spec), /{"name":"WAVE_SHARD_COUNT","value":"4"}/);
  });

  test('does not create the namespace of another team', async () => {
    const objects = await buildExample('In another namespace, or twice');
    assert.ok(objects.every(({ kind }) => kind !== 'Namespace'));
    assert.equal(objectOf(objects, 'CronJob').metadata.namespace, 'other');
    const wide = objects.filter(({ kind }) => kind === 'ClusterRole');
    assert.deepEqual(
      wide.map(({ metadata }) => metadata.name),
      ['wave-cron-other'],
    );
  });

  test('grants the permissions for owner references, and sets `ownership`', async () => {
    const objects = await buildExample('With owner references');
    const text = 'hashKey: auto\nownership: references\n';
    assert.deepEqual(objectOf(objects, 'ConfigMap').data, { 'settings.yaml': text });
    const names = objects.filter(({ kind }) => kind === 'ClusterRole');
    assert.deepEqual(names.map(({ metadata }) => metadata.name).sort(), [
      'wave-cron',
      'wave-cron-kube-system',
    ]);
  });

  test('installs without the admission policies', async () => {
    const objects = await buildExample('Without the admission policies');
    assert.ok(objects.every(({ kind }) => !kind.startsWith('Validating')));
  });

  test('grants delete for clusters that enforce owner references', async () => {
    const objects = await buildExample('On clusters that enforce owner references');
    const { rules } = objectOf<KubernetesObject & { rules: { verbs: string[] }[] }>(
      objects,
      'ClusterRole',
      'wave-cron',
    );
    const verbs = rules.slice(-2).map((rule) => rule.verbs);
    assert.deepEqual(verbs.sort(), [['delete'], ['patch']]);
  });
});

test('with the example of docs/metrics.md, Prometheus and Grafana find their objects by label', {
  skip,
}, async () => {
  const { 'kustomization.yaml': example = '', in: patches = '' } =
    examples('metrics.md').get('Dashboard and alerts') ?? {};
  const objects = await buildFiles({ 'kustomization.yaml': example + patches });
  for (const kind of ['PodMonitor', 'PrometheusRule'])
    assert.equal(objectOf(objects, kind).metadata.labels?.['release'], 'kube-prometheus-stack');
  const labels = (name: string) => objectOf(objects, 'ConfigMap', name).metadata.labels;
  assert.equal(labels('wave-cron-dashboard')?.['grafana_dashboard'], '1');
  assert.equal(labels('wave-cron-alerts')?.['grafana_dashboard'], undefined);
  const { data } = objectOf(objects, 'ConfigMap', 'wave-cron-alerts');
  assert.deepEqual(Object.keys(data ?? {}), ['wave-cron.yaml']);
});
