import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { configMap, deployment, secret, using } from '../../../tools/control-plane/objects.ts';
import {
  type Rule,
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { before } from '../../faults/faults.ts';
import {
  eventsAbout,
  getting,
  hashAnnotation,
  optedIn,
  outcomeOf,
  permissionsOnEvents,
  permissionsOnWorkloads,
  prefix,
  runPass,
  templateAnnotations,
} from '../run-pass.ts';

const { api } = testCluster();

/** Settings without a tolerance, because there is only one API server. */
const ifChanged = { settings: { adoption: 'if-changed' as const, clockTolerance: '0s' } };

/** Waits until the next second begins, because times in the API are whole seconds. */
const nextSecond = () => pause(1_050 - (Date.now() % 1_000));

/**
 * A namespace with a ConfigMap, and a Deployment that is created in a later second. A node is assigned to its
 * Pod.
 */
async function running(
  t: TestContext,
  { annotations = {}, data = { a: '1' } } = {},
): Promise<string> {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data }));
  await nextSecond();
  await createWeb(namespace, annotations);
  await placed(namespace);
  return namespace;
}

/**
 * A namespace with a ConfigMap that was changed in a later second than the second of its creation.
 */
async function rewritten(t: TestContext): Promise<string> {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  await nextSecond();
  await change(namespace);
  return namespace;
}

const createWeb = (namespace: string, annotations: Record<string, string> = optedIn) =>
  api.create(
    deployment({
      namespace,
      name: 'web',
      replicas: 1,
      annotations,
      pod: using({ configMap: 'settings' }),
    }),
  );

/** Assigns a node to the only Pod of a namespace, as the scheduler does. A kubelet would start the Pod now. */
async function placed(namespace: string): Promise<KubernetesObject | undefined> {
  const list = await api.waitFor<{ items: KubernetesObject[] }>(
    path('Pod', namespace),
    (it) => it?.items.length === 1,
    { what: 'the Pod' },
  );
  const [pod] = list?.items ?? [];
  await rollouts('Deployment', namespace, 'web');
  await api.post(`${path('Pod', namespace, pod?.metadata.name)}/binding`, {
    ...{ apiVersion: 'v1', kind: 'Binding', metadata: { name: pod?.metadata.name, namespace } },
    target: { apiVersion: 'v1', kind: 'Node', name: 'a-node' },
  });
  return pod;
}

const optIn = (namespace: string) =>
  api.patch(path('Deployment', namespace, 'web'), { metadata: { annotations: optedIn } });

const change = (namespace: string, data: Record<string, string | null> = { a: '2' }) =>
  api.patch(path('ConfigMap', namespace, 'settings'), { data });

const adoptedOf = async (namespace: string) => {
  const { metadata } = await api.get(path('Deployment', namespace, 'web'));
  return metadata.annotations?.[`${prefix}/adopted`];
};

test('with if-changed, a workload whose Pods run with the current configuration is adopted, reported once, and not restarted', async (t) => {
  const namespace = await running(t);
  await optIn(namespace);
  const outcome = outcomeOf(await runPass(namespace, ifChanged), 'web');
  assert.equal(outcome.reason, 'Adopted');
  assert.equal(
    outcome.sentence,
    'adopted without a restart, 1 source: no source was written after its Pods were created',
  );
  assert.equal(outcome.written, false);
  assert.deepEqual(await templateAnnotations(namespace, 'web'), {});
  assert.deepEqual(
    (await eventsAbout(namespace, 'web')).map(({ reason, type }) => [reason, type]),
    [['Adopted', 'Normal']],
  );
  assert.equal(outcomeOf(await runPass(namespace, ifChanged), 'web').reason, 'UpToDate');
  assert.equal(await rollouts('Deployment', namespace, 'web'), 1);
});

test('an adopted workload rolls at the next change, whose source is named, and its record of adoption is removed', async (t) => {
  const namespace = await running(t);
  await optIn(namespace);
  await runPass(namespace, ifChanged);
  assert.notEqual(await adoptedOf(namespace), undefined);
  await change(namespace);
  const outcome = outcomeOf(await runPass(namespace, ifChanged), 'web');
  assert.deepEqual([outcome.reason, outcome.changed], ['ConfigChanged', ['ConfigMap/settings']]);
  assert.equal(outcome.sentence, 'ConfigMap/settings changed');
  assert.equal(await adoptedOf(namespace), undefined);
  assert.equal(await rollouts('Deployment', namespace, 'web'), 2);
});

test('if a source was written after the Pods started, the workload rolls', async (t) => {
  const namespace = await running(t);
  await nextSecond();
  await change(namespace);
  await optIn(namespace);
  const outcome = outcomeOf(await runPass(namespace, ifChanged), 'web');
  assert.equal(outcome.reason, 'FirstSeen');
  assert.match(
    outcome.sentence,
    /^first seen, 1 source; Pod web-\S+ was created at \S+, not after the last write of ConfigMap\/settings at \S+: the hash is written, which restarts it once$/,
  );
  assert.equal(await rollouts('Deployment', namespace, 'web'), 2);
});

test('if a source was written before the Pods started, the workload does not roll', async (t) => {
  const namespace = await rewritten(t);
  await nextSecond();
  await createWeb(namespace);
  await placed(namespace);
  assert.equal(outcomeOf(await runPass(namespace, ifChanged), 'web').reason, 'Adopted');
});

test('if a source was written within the tolerance before a Pod was created, the workload rolls, because the Pod may be outdated', async (t) => {
  const namespace = await rewritten(t);
  await nextSecond();
  await createWeb(namespace);
  await placed(namespace);
  const settings = { ...ifChanged.settings, clockTolerance: '10s' };
  const { reason, sentence } = outcomeOf(await runPass(namespace, { settings }), 'web');
  assert.equal(reason, 'FirstSeen');
  assert.match(sentence, /not more than 10 s after the last write of ConfigMap\/settings/);
});

test('the start time that a kubelet reports for a Pod does not count', async (t) => {
  const namespace = await running(t);
  await nextSecond();
  await change(namespace);
  const [pod] = await api.list(path('Pod', namespace));
  const status = { phase: 'Running', startTime: '2099-01-01T00:00:00Z' };
  await api.patch(`${path('Pod', namespace, pod?.metadata.name)}/status`, { status }, 'merge');
  await optIn(namespace);
  assert.equal(outcomeOf(await runPass(namespace, ifChanged), 'web').reason, 'FirstSeen');
});

test('a workload that was created again over its old Pods rolls, because they are older than it', async (t) => {
  const namespace = await running(t, { annotations: optedIn });
  const { spec } = await api.get(path('Deployment', namespace, 'web'));
  await api.delete(path('Deployment', namespace, 'web'), { propagationPolicy: 'Orphan' });
  await api.waitFor(path('Deployment', namespace, 'web'), (it) => it === undefined);
  await api.delete(path('ConfigMap', namespace, 'settings'));
  await api.create(configMap({ namespace, name: 'settings', data: { a: '2' } }));
  await nextSecond();
  const metadata = { namespace, name: 'web', annotations: optedIn };
  await api.create({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec,
  } as KubernetesObject);
  await rollouts('Deployment', namespace, 'web');
  const { reason, sentence } = outcomeOf(await runPass(namespace, ifChanged), 'web');
  assert.equal(reason, 'FirstSeen');
  assert.match(sentence, /; Pod web-\S+ was created at/);
});

test('if an optional source does not exist, the workload rolls, because the source may have been deleted', async (t) => {
  const namespace = await testNamespace(t);
  const pod = using({ configMap: 'settings', optional: true });
  const web = { namespace, name: 'web', replicas: 1, annotations: optedIn, pod };
  await api.create(deployment(web));
  await placed(namespace);
  const { reason, sentence } = outcomeOf(await runPass(namespace, ifChanged), 'web');
  assert.equal(reason, 'FirstSeen');
  assert.match(sentence, /ConfigMap\/settings does not exist, and it is unknown since when/);
});

test('a Pod without a node is not outdated, because it has not read any source yet', async (t) => {
  const namespace = await testNamespace(t);
  await createWeb(namespace);
  await rollouts('Deployment', namespace, 'web');
  await nextSecond();
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  await nextSecond();
  await change(namespace);
  assert.equal(outcomeOf(await runPass(namespace, ifChanged), 'web').reason, 'Adopted');
});

test('if a source has no managedFields, the workload rolls', async (t) => {
  const namespace = await running(t);
  await api.patch(
    path('ConfigMap', namespace, 'settings'),
    { metadata: { managedFields: [{}] } },
    'merge',
  );
  await optIn(namespace);
  const { reason, sentence } = outcomeOf(await runPass(namespace, ifChanged), 'web');
  assert.equal(reason, 'FirstSeen');
  assert.match(sentence, /it is unknown when ConfigMap\/settings was last written/);
});

test('if a rollout is under way and a source has been changed, the workload rolls', async (t) => {
  const namespace = await rewritten(t);
  await nextSecond();
  await createWeb(namespace);
  await placed(namespace);
  await api.patch(path('Deployment', namespace, 'web'), {
    spec: { template: { metadata: { annotations: { 'example.com/new': '1' } } } },
  });
  await rollouts('Deployment', namespace, 'web');
  const { reason, sentence } = outcomeOf(await runPass(namespace, ifChanged), 'web');
  assert.equal(reason, 'FirstSeen');
  assert.match(sentence, /its rollout is in progress/);
});

test('if Pods may not be listed, the workload rolls, and the pass reports why', async (t) => {
  const namespace = await rewritten(t);
  await nextSecond();
  await createWeb(namespace);
  await placed(namespace);
  const rules: Rule[] = [
    ...permissionsOnWorkloads,
    permissionsOnEvents,
    getting('configmaps', 'secrets'),
  ];
  const { kubeconfig } = await serviceAccount(t, { namespace, rules });
  const plan = outcomeOf(
    await runPass(namespace, { ...ifChanged, kubeconfig, write: false }),
    'web',
  );
  assert.equal(plan.reason, 'FirstSeen');
  assert.match(
    plan.sentence,
    /its Pods could not be read: replicasets.apps is forbidden: .* cannot list resource "replicasets"/,
  );
  const listing: Rule[] = [
    { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
    { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['list'] },
  ];
  const granted = await serviceAccount(t, { namespace, rules: [...rules, ...listing] });
  const outcome = outcomeOf(
    await runPass(namespace, { ...ifChanged, kubeconfig: granted.kubeconfig }),
    'web',
  );
  assert.equal(outcome.reason, 'Adopted');
});

test('with baseline, nothing restarts until the next change, even if sources were written before', async (t) => {
  const namespace = await running(t);
  await nextSecond();
  await change(namespace);
  await optIn(namespace);
  const baseline = { settings: { adoption: 'baseline' as const } };
  assert.equal(outcomeOf(await runPass(namespace, baseline), 'web').reason, 'Adopted');
  assert.equal(outcomeOf(await runPass(namespace, baseline), 'web').reason, 'UpToDate');
  assert.equal(await rollouts('Deployment', namespace, 'web'), 1);
  await change(namespace, { a: '3' });
  assert.equal(outcomeOf(await runPass(namespace, baseline), 'web').reason, 'ConfigChanged');
});

test('the annotation of a workload takes precedence over the setting, and an invalid value is reported', async (t) => {
  const namespace = await running(t, {
    annotations: { ...optedIn, [`${prefix}/adoption`]: 'baseline' },
  });
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'Adopted');
  await api.patch(path('Deployment', namespace, 'web'), {
    metadata: { annotations: { [`${prefix}/adoption`]: 'always' } },
  });
  const { reason, sentence } = outcomeOf(await runPass(namespace), 'web');
  assert.equal(reason, 'InvalidAnnotation');
  assert.equal(
    sentence,
    `annotation ${prefix}/adoption is "always": it must be stamp, if-changed or baseline`,
  );
});

test('a record of adoption is invalid if the template has another hash, or if the record was tampered with', async (t) => {
  const namespace = await running(t, {
    annotations: { ...optedIn, [`${prefix}/adoption`]: 'baseline' },
  });
  await runPass(namespace);
  await api.patch(path('Deployment', namespace, 'web'), {
    spec: { template: { metadata: { annotations: { [hashAnnotation]: 'f'.repeat(64) } } } },
  });
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'ConfigChanged');

  const other = await running(t, {
    annotations: {
      ...optedIn,
      [`${prefix}/adoption`]: 'baseline',
      [`${prefix}/adopted`]: '{"template":"","config":"x"}',
    },
  });
  assert.equal(outcomeOf(await runPass(other), 'web').reason, 'Adopted');
});

test('an adoption is reported even if the pass is stopped before the source gets its owner references', async (t) => {
  const namespace = await running(t, {
    annotations: { ...optedIn, [`${prefix}/adoption`]: 'baseline' },
  });
  const proxy = await faultProxy(t);
  const stop = new AbortController();
  const stopIt = async () => stop.abort();
  proxy.on('PATCH', /\/deployments\//, before(stopIt));
  const report = await runPass(namespace, {
    kubeconfig: proxy.kubeconfig(),
    signal: stop.signal,
    settings: { ownership: 'finalizer' },
  });
  assert.deepEqual([report.pass, report.unreached], ['Interrupted', 0]);
  const outcome = outcomeOf(report, 'web');
  assert.equal(outcome.reason, 'Adopted');
  assert.deepEqual(outcome.ownership, {
    referencesAdded: [],
    referencesRemoved: [],
    finalizer: 'added',
  });
  assert.deepEqual(
    (await eventsAbout(namespace, 'web')).map(({ reason }) => reason),
    ['Adopted'],
  );
});

test('opting out removes the record of adoption', async (t) => {
  const namespace = await running(t, {
    annotations: { ...optedIn, [`${prefix}/adoption`]: 'baseline' },
  });
  await runPass(namespace);
  await api.patch(
    path('Deployment', namespace, 'web'),
    {
      metadata: { annotations: { [`${prefix}/update-on-config-change`]: null } },
    },
    'merge',
  );
  assert.equal(outcomeOf(await runPass(namespace), 'web').reason, 'OptedOut');
  assert.equal(await adoptedOf(namespace), undefined);
  assert.deepEqual((await runPass(namespace)).outcomes, []);
});

test('if 100 Deployments are applied together with their ConfigMaps, none starts twice, and a change only rolls its own Deployment', async (t) => {
  const namespace = await testNamespace(t);
  const names = Array.from({ length: 100 }, (_, index) => `web-${index}`);
  // In this order, each source is created after its workload.
  for (const name of names) {
    await api.create(
      deployment({
        namespace,
        name,
        replicas: 1,
        annotations: optedIn,
        pod: using({ configMap: name }),
      }),
    );
    const make = configMap({ namespace, name, data: { a: name } });
    await api.create(make);
  }
  await api.create(secret({ namespace, name: 'unrelated', data: { a: '1' } }));
  const report = await runPass(namespace, ifChanged);
  assert.deepEqual(report.counts, { Adopted: 100 });
  await nextSecond();
  for (const name of names.slice(0, 5)) {
    await api.patch(path('ConfigMap', namespace, name), { data: { a: 'changed' } });
  }
  assert.deepEqual((await runPass(namespace, ifChanged)).counts, {
    ConfigChanged: 5,
    UpToDate: 95,
  });
  for (const [index, name] of names.entries()) {
    assert.equal(await rollouts('Deployment', namespace, name), index < 5 ? 2 : 1, name);
  }
});
