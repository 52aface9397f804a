/** Commands at a terminal that find an installation of wave-cron in the cluster. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { configMap } from '../../../tools/control-plane/objects.ts';
import {
  type Rule,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { type Run, runProgram } from '../run-program.ts';
import { shop } from '../shop.ts';

const { api } = testCluster();

type Form = {
  kind?: 'CronJob' | 'Deployment';
  name?: string;
  settings?: object;
  env?: { name: string; value: string }[];
  args?: string[];
};

const labels = { 'app.kubernetes.io/name': 'wave-cron', 'app.kubernetes.io/part-of': 'wave-cron' };

/** Creates the objects of an installation as the manifests do, but without Pods. */
async function install(
  namespace: string,
  { kind = 'CronJob', name = 'wave-cron', settings = {}, env = [], args = [] }: Form = {},
): Promise<void> {
  await api.create(
    configMap({
      namespace,
      name: `${name}-settings`,
      data: { 'settings.yaml': JSON.stringify(settings) },
    }),
  );
  const container = {
    name: 'wave-cron',
    image: 'example.com/wave-cron:1',
    args: [kind === 'CronJob' ? 'once' : 'schedule', ...args],
    env: [
      { name: 'WAVE_CONFIG', value: '/etc/wave-cron/settings.yaml' },
      { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      ...env,
    ],
    volumeMounts: [{ name: 'settings', mountPath: '/etc/wave-cron' }],
  };
  const volumes = [{ name: 'settings', configMap: { name: `${name}-settings` } }];
  const pod = { containers: [container], volumes };
  const metadata = { namespace, name, labels };
  if (kind === 'Deployment') {
    const template = { metadata: { labels }, spec: pod };
    const spec = { replicas: 0, selector: { matchLabels: labels }, template };
    await api.create({ apiVersion: 'apps/v1', kind, metadata, spec });
    return;
  }
  const template = { spec: { restartPolicy: 'Never', ...pod } };
  const spec = { schedule: '* * * * *', suspend: true, jobTemplate: { spec: { template } } };
  await api.create({ apiVersion: 'batch/v1', kind, metadata, spec });
}

const onlyHere = { name: 'WAVE_NAMESPACES', value: '$(POD_NAMESPACE)' };
const said = (run: Run): string =>
  run.stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line).msg)
    .join('\n');

/** The kubeconfig of an administrator who finds only the installations in these namespaces. */
async function seeing(t: TestContext, ...namespaces: string[]) {
  const proxy = await faultProxy(t);
  const url = /\/(cronjobs|deployments)\?labelSelector=app\.kubernetes\.io%2Fname/;
  proxy.on('GET', url, async ({ forward, reply }) => {
    const answer = await forward();
    const list = JSON.parse(String(answer.body));
    list.items = list.items.filter((item: { metadata: { namespace: string } }) =>
      namespaces.includes(item.metadata.namespace),
    );
    reply({ ...answer, body: JSON.stringify(list) });
  });
  const looked = () => proxy.seen.filter((request) => url.test(request.url)).length;
  return { kubeconfig: proxy.kubeconfig(), looked };
}

const run = (args: string[], kubeconfig: string, env: Record<string, string> = {}): Promise<Run> =>
  runProgram([...args, '--kubeconfig', kubeconfig], { WAVE_INSTALLATION: '', ...env });

const leasesOf = async (namespace: string): Promise<string[]> =>
  (await api.list(path('Lease', namespace))).map(({ metadata }) => metadata.name ?? '');

for (const kind of ['CronJob', 'Deployment'] as const) {
  test(`once uses the settings and the Lease of the ${kind} in the cluster, and says so on standard error`, async (t) => {
    const namespace = await shop(t);
    const settings = { adoption: 'baseline', ownership: 'off', lease: { name: 'theirs' } };
    await install(namespace, { kind, settings, env: [onlyHere] });
    const { kubeconfig } = await seeing(t, namespace);
    const done = await run(['once'], kubeconfig);
    assert.equal(done.status, 0, done.stdout + done.stderr);
    assert.equal(
      said(done),
      `using the settings and the Lease of ${kind} ${namespace}/wave-cron; --installation none uses your own settings`,
    );
    assert.match(done.stdout, /"reason":"Adopted"/);
    assert.doesNotMatch(done.stdout, /using the settings/);
    assert.deepEqual(await leasesOf(namespace), ['theirs']);
  });
}

test('flags, variables and file of the caller take precedence over the settings of the installation, and its flags over its variables and its file', async (t) => {
  const namespace = await shop(t);
  const settings = { adoption: 'baseline', passTimeoutSeconds: 100, lease: { name: 'theirs' } };
  const env = [
    { name: 'WAVE_NAMESPACE_SELECTOR', value: 'team=a' },
    { name: 'WAVE_LEASE_NAME', value: 'of-a-variable' },
    { name: 'WAVE_SHARD_COUNT', value: '3' },
    { name: 'WAVE_JITTER_SECONDS', value: '7' },
  ];
  const args = ['--lease-duration-seconds=20', '--jitter-seconds', '8', '--unknown', '1'];
  await install(namespace, { settings, env, args });
  const { kubeconfig } = await seeing(t, namespace);
  const flags = ['--namespaces', namespace, '--adoption', 'if-changed', '-o', 'json'];
  const { stdout } = await run(['check', ...flags], kubeconfig, {
    WAVE_PASS_TIMEOUT_SECONDS: '90',
  });
  const given: { path: string; value: unknown; from: string }[] = JSON.parse(stdout).settings;
  const title = `CronJob ${namespace}/wave-cron`;
  const found = given.map(({ path: name, value, from }) => [name, value, from]);
  assert.deepEqual(
    found.filter(([name]) => name !== 'kubeconfig'),
    [
      ['namespaces', [namespace], '--namespaces'],
      ['adoption', 'if-changed', '--adoption'],
      ['jitterSeconds', 8, `--jitter-seconds of ${title}`],
      ['lease.name', 'of-a-variable', `WAVE_LEASE_NAME of ${title}`],
      ['lease.namespace', namespace, title],
      ['lease.durationSeconds', 20, `--lease-duration-seconds of ${title}`],
      ['passTimeoutSeconds', 90, 'WAVE_PASS_TIMEOUT_SECONDS'],
    ],
  );
});

test('with several installations, the command asks for --installation, which takes one of them or none', async (t) => {
  const [one, two] = [await shop(t), await testNamespace(t)];
  await install(one, { env: [onlyHere], settings: { ownership: 'off' } });
  await install(two, { kind: 'Deployment', name: 'other' });
  const { kubeconfig } = await seeing(t, one, two);
  const asked = await run(['plan'], kubeconfig);
  assert.equal(asked.status, 2);
  const names = [`CronJob ${one}/wave-cron`, `Deployment ${two}/other`];
  assert.equal(
    asked.stderr,
    `wave-cron: wave-cron is installed 2 times: ${names.join(', ')}; choose one with --installation NAMESPACE or NAMESPACE/NAME; use --installation none for your own settings\n`,
  );
  for (const choice of [one, `${one}/wave-cron`]) {
    const planned = await run(['plan', '--installation', choice], kubeconfig);
    assert.match(said(planned), new RegExp(`of CronJob ${one}/wave-cron;`));
    assert.match(planned.stdout, /FirstSeen/);
  }
  const none = ['--installation', 'none', '--namespaces', two, '--lease-namespace', two];
  const alone = await run(['plan', ...none], kubeconfig);
  assert.equal(said(alone), '');
  assert.match(alone.stdout, /No workload has opted in/);
  const lost = await run(['plan', '--installation', `${one}/lost`], kubeconfig);
  assert.equal(lost.status, 2);
  assert.match(lost.stderr, /no CronJob or Deployment of wave-cron was found for --installation/);
});

test('--lease-namespace is the namespace in which the command searches for the installation', async (t) => {
  const [one, two] = [await shop(t), await testNamespace(t)];
  await install(one, { env: [onlyHere], settings: { ownership: 'off', adoption: 'baseline' } });
  await install(two);
  const { kubeconfig } = await seeing(t, one, two);
  const planned = await run(['plan', '--lease-namespace', one], kubeconfig);
  assert.match(said(planned), new RegExp(`of CronJob ${one}/wave-cron;`));
  assert.match(planned.stdout, /Adopted/);
});

const looking: Rule[] = [
  {
    apiGroups: ['batch', 'apps'],
    resources: ['cronjobs', 'deployments', 'statefulsets', 'daemonsets'],
    verbs: ['list'],
  },
  { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
];

test('without permission for the whole cluster, the command finds the installation in the namespace of the context', async (t) => {
  const namespace = await shop(t);
  await install(namespace, {
    env: [onlyHere],
    settings: { ownership: 'off', adoption: 'baseline' },
  });
  const { kubeconfig } = await serviceAccount(t, { namespace, rules: looking });
  const planned = await run(['plan'], kubeconfig);
  assert.match(said(planned), new RegExp(`of CronJob ${namespace}/wave-cron;`));
  assert.match(planned.stdout, /Adopted/);
});

test('without permission to search at all, the command uses own settings of the caller, and says so', async (t) => {
  const namespace = await shop(t);
  await install(namespace);
  const rules = [
    { apiGroups: ['apps'], resources: ['statefulsets', 'daemonsets'], verbs: ['list'] },
  ];
  const { kubeconfig } = await serviceAccount(t, { namespace, rules });
  const flags = ['--namespaces', namespace, '--kinds', 'StatefulSet'];
  const planned = await run(['plan', ...flags], kubeconfig);
  assert.equal(planned.status, 0, planned.stderr);
  assert.match(
    said(planned),
    /^could not look for an installation of wave-cron, because you may not list/,
  );
  const chosen = await run(['plan', ...flags, '--installation', namespace], kubeconfig);
  assert.equal(chosen.status, 3);
  assert.match(chosen.stderr, /you may not list cronjobs and deployments there/);
});

test('if the settings of the installation cannot be read, the command ends without using other settings', async (t) => {
  const namespace = await shop(t);
  await install(namespace, { env: [onlyHere] });
  const { kubeconfig } = await seeing(t, namespace);
  await api.delete(path('ConfigMap', namespace, 'wave-cron-settings'));
  const gone = await run(['once'], kubeconfig);
  assert.equal(gone.status, 3);
  assert.match(said(gone) + gone.stdout, /the settings of CronJob \S+ cannot be read: /);
  assert.deepEqual(await leasesOf(namespace), []);

  const settings = { adoptoin: 'stamp' };
  await api.create(
    configMap({
      namespace,
      name: 'wave-cron-settings',
      data: { 'settings.yaml': JSON.stringify(settings) },
    }),
  );
  const wrong = await run(['once'], kubeconfig);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /ConfigMap \S+\/wave-cron-settings settings\.yaml:1:2: adoptoin/);
});

test('settings that let workloads read other namespaces are not used from an installation that the caller did not name', async (t) => {
  for (const [name, settings] of [
    ['crossNamespaceReferences', { crossNamespaceReferences: ['*'] }],
    ['hashKey', { hashKey: 'victim/key' }],
  ] as const) {
    const namespace = await shop(t);
    await install(namespace, { settings, env: [onlyHere] });
    const { kubeconfig } = await seeing(t, namespace);
    const command = ['explain', 'deployment/web', '-n', namespace];
    const found = await run(command, kubeconfig);
    assert.equal(found.status, 2);
    const message = `wave-cron sets ${name}, which reaches into other namespaces: use --installation ${namespace} if`;
    assert.ok(found.stderr.includes(message), found.stderr);
    const chosen = await run([...command, '--installation', namespace], kubeconfig);
    assert.equal(chosen.status, 0, chosen.stderr);
  }
});

test('in a Pod, the program does not search for an installation', async (t) => {
  const namespace = await shop(t);
  await install(namespace);
  const { kubeconfig, looked } = await seeing(t, namespace);
  const flags = ['--namespaces', namespace, '--lease-namespace', namespace];
  const planned = await run(['plan', ...flags], kubeconfig, { POD_NAMESPACE: namespace });
  assert.equal(planned.status, 0, planned.stderr);
  assert.equal(looked(), 0);
});
