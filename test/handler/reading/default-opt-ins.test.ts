/** The setting `optIn`: workloads that are opted in without an annotation of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnreachableError } from '../../../lib/errors.ts';
import type { Explanation } from '../../../lib/explanation/explanation.ts';
import { isComplete } from '../../../lib/rules/report.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { configMap, deployment, using } from '../../../tools/control-plane/objects.ts';
import {
  randomName,
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { runApprove, runExplain } from '../../jobs/run-explain.ts';
import {
  eventsAbout,
  getting,
  hashAnnotation,
  optedIn,
  outcomeOf,
  permissionsOnEvents,
  permissionsOnWorkloads,
  prefix,
  reasonsIn,
  runPass,
  templateAnnotations,
} from '../run-pass.ts';

const { api } = testCluster();

const name = `${prefix}/update-on-config-change`;
const optedOut = { [name]: 'false' };
const pod = using({ configMap: 'settings' });

type Test = Parameters<typeof testNamespace>[0];

/** A namespace with a ConfigMap, and for each entry a Deployment with these annotations and labels. */
async function shop(
  t: Test,
  workloads: Readonly<Record<string, Record<string, string>>>,
  labels: Record<string, string> = {},
): Promise<string> {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  for (const [web, annotations] of Object.entries(workloads)) {
    await api.create(deployment({ namespace, name: web, annotations, labels, pod }));
  }
  return namespace;
}

const annotate = (namespace: string, value: string | null) =>
  api.patch(
    path('Namespace', undefined, namespace),
    { metadata: { annotations: { [name]: value } } },
    'merge',
  );
const change = (namespace: string) =>
  api.patch(path('ConfigMap', namespace, 'settings'), { data: { a: '2' } });
const byNamespace = { settings: { optIn: 'namespace' } } as const;

test('with optIn: namespace, the annotation of a namespace opts in its workloads, and their own annotations take precedence', async (t) => {
  const namespace = await shop(t, { plain: {}, out: optedOut, own: optedIn });
  assert.deepEqual(reasonsIn(await runPass(namespace, byNamespace)), {
    'Deployment/own': 'FirstSeen',
  });
  await annotate(namespace, 'true');
  assert.deepEqual(reasonsIn(await runPass(namespace)), { 'Deployment/own': 'UpToDate' });
  assert.deepEqual(reasonsIn(await runPass(namespace, byNamespace)), {
    'Deployment/own': 'UpToDate',
    'Deployment/plain': 'FirstSeen',
  });
  await change(namespace);
  await runPass(namespace, byNamespace);
  assert.equal(await rollouts('Deployment', namespace, 'plain'), 3);
  assert.equal(await rollouts('Deployment', namespace, 'out'), 1);
});

test('a workload is opted out when the annotation of its namespace is removed, and nothing restarts', async (t) => {
  const namespace = await shop(t, { web: {} });
  await annotate(namespace, 'true');
  const baseline = { settings: { optIn: 'namespace', adoption: 'baseline' } } as const;
  assert.equal(outcomeOf(await runPass(namespace, baseline), 'web').reason, 'Adopted');
  await annotate(namespace, null);
  assert.equal(outcomeOf(await runPass(namespace, baseline), 'web').reason, 'OptedOut');
  assert.deepEqual(reasonsIn(await runPass(namespace, baseline)), {});
  const { metadata } = await api.get(path('Deployment', namespace, 'web'));
  const own = Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith(prefix));
  assert.deepEqual(own, []);
  assert.equal(await rollouts('Deployment', namespace, 'web'), 1);
});

test('an invalid annotation of a namespace is a Warning on each workload that it would opt in', async (t) => {
  const namespace = await shop(t, { web: {}, own: optedIn });
  await annotate(namespace, 'yes');
  const report = await runPass(namespace, byNamespace);
  assert.deepEqual(reasonsIn(report), {
    'Deployment/own': 'FirstSeen',
    'Deployment/web': 'InvalidAnnotation',
  });
  assert.ok(isComplete(report));
  const [event] = await eventsAbout(namespace, 'web');
  assert.equal(
    event?.note,
    `annotation ${name} of namespace ${namespace} is "yes": it must be "true" or "false"`,
  );
});

test('all namespaces are listed unless the setting namespaces names some', async (t) => {
  const team = randomName('team');
  const label = randomName('label');
  const namespace = await shop(t, { web: {} }, { [label]: 'a' });
  await api.patch(path('Namespace', undefined, namespace), { metadata: { labels: { team } } });
  await annotate(namespace, 'true');
  const handled = async (settings: Partial<Settings>) => {
    const plan = { write: false, settings: { ...settings, namespaces: [] } };
    return reasonsIn(await runPass('', plan));
  };
  const web = { 'Deployment/web': 'FirstSeen' };
  const only = { optIn: 'namespace', workloadSelector: label } as const;
  assert.deepEqual(await handled(only), web);
  assert.deepEqual(await handled({ ...only, namespaceSelector: `team=${team}` }), web);
  assert.deepEqual(await handled({ ...only, optIn: 'annotation' }), {});
});

test('a named namespace that cannot be read is not handled, and no workload there counts as opted out', async (t) => {
  const [known, unknown] = await Promise.all([shop(t, { web: {} }), shop(t, { web: {} })]);
  for (const each of [known, unknown]) await annotate(each, 'true');
  const settings: Partial<Settings> = {
    ...{ optIn: 'namespace', adoption: 'baseline', namespaces: [known, unknown] },
    rollouts: { ...defaultSettings.rollouts, namespaceAnnotations: 'off' },
  };
  await runPass('', { settings });
  const [onWorkloads] = permissionsOnWorkloads;
  assert.ok(onWorkloads);
  const rules = [...permissionsOnWorkloads, getting('configmaps'), permissionsOnEvents];
  const { kubeconfig, name: account } = await serviceAccount(t, { namespace: known, rules });
  const apiGroup = 'rbac.authorization.k8s.io';
  const inUnknown = { namespace: unknown, name: 'passes' };
  await api.create({
    ...{ apiVersion: `${apiGroup}/v1`, kind: 'Role', metadata: inUnknown },
    rules: [onWorkloads, getting('configmaps'), permissionsOnEvents],
  });
  await api.create({
    ...{ apiVersion: `${apiGroup}/v1`, kind: 'RoleBinding', metadata: inUnknown },
    roleRef: { apiGroup, kind: 'Role', name: 'passes' },
    subjects: [{ kind: 'ServiceAccount', namespace: known, name: account }],
  });
  const report = await runPass('', { kubeconfig, settings });
  assert.deepEqual(
    report.outcomes.map(({ namespace, reason }) => [namespace, reason]),
    [[known, 'UpToDate']],
  );
  assert.equal(isComplete(report), false);
  const [problem, ...others] = report.listProblems;
  assert.deepEqual(others, []);
  assert.equal(problem?.what, `workloads in namespace ${unknown}`);
  assert.match(problem.why, /^it is unknown whether the namespace opts them in: .*cannot get/);
  const { metadata } = await api.get(path('Deployment', unknown, 'web'));
  assert.ok(metadata.annotations?.[`${prefix}/adopted`]);
  await assert.rejects(
    () => runPass('', { kubeconfig, settings: { ...settings, namespaces: [unknown] } }),
    (error) =>
      error instanceof UnreachableError && /no workload could be listed/.test(error.message),
  );
});

test('without the permission to list namespaces, a pass does nothing and says why', async (t) => {
  const namespace = await shop(t, { web: {} });
  const { kubeconfig } = await serviceAccount(t, { namespace, rules: permissionsOnWorkloads });
  await assert.rejects(
    () => runPass('', { kubeconfig, settings: { optIn: 'namespace', namespaces: [] } }),
    (error) =>
      error instanceof UnreachableError &&
      /^the namespaces could not be listed, so it is unknown which of them opt in: .*cannot list/.test(
        error.message,
      ),
  );
});

test('optIn: all adopts all workloads without a restart, except those that opt out', async (t) => {
  const workloads = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`w${i}`, {}]));
  const namespace = await shop(t, { ...workloads, out: optedOut });
  const settings: Partial<Settings> = {
    ...{ optIn: 'all', adoption: 'if-changed' },
    rollouts: { ...defaultSettings.rollouts, maxConcurrent: '3' },
  };
  const adopted = await runPass(namespace, { settings });
  assert.deepEqual(adopted.counts, { Adopted: 40 });
  assert.equal(await rollouts('Deployment', namespace, 'w0'), 1);
  await change(namespace);
  assert.deepEqual((await runPass(namespace, { settings })).counts, {
    ConfigChanged: 3,
    Queued: 37,
  });
  assert.deepEqual(await templateAnnotations(namespace, 'out'), {});
});

test('optIn: all leaves kube-system alone unless the setting namespaces names it', async (t) => {
  const label = randomName('label');
  const web = randomName('web');
  const namespace = await shop(t, { web: {} }, { [label]: 'a' });
  const inSystem = { namespace: 'kube-system', labels: { [label]: 'a' }, replicas: 0, pod };
  await api.create(deployment({ ...inSystem, name: web }));
  t.after(() => api.delete(path('Deployment', 'kube-system', web)));
  const handled = async (namespaces: readonly string[], kubeSystem = {}) => {
    const settings = { optIn: 'all', namespaces, workloadSelector: label, ...kubeSystem } as const;
    const { outcomes } = await runPass('', { write: false, settings });
    return outcomes.map((each) => each.namespace);
  };
  assert.deepEqual(await handled([]), [namespace]);
  assert.deepEqual(await handled(['kube-system']), ['kube-system']);
  // The workload's own annotation still opts it in.
  await api.patch(path('Deployment', 'kube-system', web), { metadata: { annotations: optedIn } });
  assert.deepEqual((await handled([])).sort(), ['kube-system', namespace]);
});

test('a partial pass handles a workload that its namespace opted in', async (t) => {
  const namespace = await shop(t, { web: {} });
  await annotate(namespace, 'true');
  const only = {
    workloads: [{ kind: 'Deployment', namespace, name: 'web' } as const],
    underWay: () => [],
  };
  const settings: Partial<Settings> = { optIn: 'namespace' };
  assert.deepEqual((await runPass(namespace, { settings, only })).counts, { FirstSeen: 1 });
  const everywhere = { ...settings, namespaces: [] };
  const again = await runPass(namespace, { settings: everywhere, only });
  assert.deepEqual(again.counts, { UpToDate: 1 });
});

test('explain says that the namespace or the setting opts a workload in, and which parts it cannot know', async (t) => {
  const namespace = await shop(t, { web: {} });
  const optedInBy = async (mode: string, kubeconfig?: string): Promise<Explanation> => {
    const asked = { workload: 'deployment/web', namespace, flags: { optIn: mode } };
    const by = kubeconfig === undefined ? {} : { kubeconfig };
    return JSON.parse((await runExplain({ ...asked, ...by }, 'json')).text);
  };
  const { optedIn: before } = await optedInBy('namespace');
  assert.deepEqual(before, {
    yes: false,
    why: [`neither it nor namespace ${namespace} has the annotation ${name}: "true"`],
  });
  await annotate(namespace, 'true');
  const after = await optedInBy('namespace');
  assert.equal(after.nextPass.reason, 'FirstSeen');
  assert.match(after.optedIn.why.join(), /^annotation \S+ of namespace \S+ is "true"/);
  assert.deepEqual((await optedInBy('all')).optedIn.why, ['the setting optIn is all']);
  const [onWorkloads] = permissionsOnWorkloads;
  assert.ok(onWorkloads);
  const { kubeconfig } = await serviceAccount(t, { namespace, rules: [onWorkloads] });
  const { notRead } = await optedInBy('namespace', kubeconfig);
  const asked = { workload: 'deployment/web', namespace, flags: { optIn: 'namespace' } };
  assert.match((await runApprove(asked)).text, /has no annotation \S+pending-config/);
  assert.match(
    (await runApprove({ ...asked, kubeconfig })).text,
    /did not opt in, so it never restarts: its namespace could not be read: /,
  );
  assert.ok(
    notRead.some(({ what }) => what === `whether namespace ${namespace} opts in its workloads`),
  );
});

test('a hash key is created for workloads that only the setting opts in, and their hashes use it', async (t) => {
  const namespace = await shop(t, { web: {} });
  const settings = {
    optIn: 'all',
    hashKey: 'auto',
    lease: { ...defaultSettings.lease, namespace },
  } as const;
  const report = await runPass(namespace, { settings });
  assert.equal(outcomeOf(report, 'web').reason, 'FirstSeen');
  assert.match(
    (await templateAnnotations(namespace, 'web'))[hashAnnotation] ?? '',
    /^[0-9a-f]{64}$/,
  );
  assert.deepEqual((await runPass(namespace, { settings })).counts, { UpToDate: 1 });
});
