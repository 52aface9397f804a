import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { release } from '../../../handler/release/release.ts';
import { isReleased, type ReleaseReport } from '../../../handler/release/report.ts';
import type { ReleaseScope } from '../../../handler/release/traces.ts';
import { wire } from '../../../jobs/wiring.ts';
import { loadSettings } from '../../../lib/settings/load.ts';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import {
  type Rule,
  rollouts,
  serviceAccount,
  testCluster,
} from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { after } from '../../faults/faults.ts';
import {
  lasting,
  make,
  ownershipStage,
  recordAnnotation,
  type Stage,
  usingOptional,
} from '../ownership/stage.ts';
import {
  optedIn,
  permissionsOnWorkloads,
  requestsIn,
  workloadKinds,
  writeVerbs,
} from '../run-pass.ts';

const { api, cluster } = testCluster();

const both = usingOptional({ configMaps: ['settings'], secrets: ['credentials'] });
const sources = [
  ['ConfigMap', 'settings'],
  ['Secret', 'credentials'],
] as const;

type Options = Partial<Omit<ReleaseScope, 'settings'>> & {
  keepLeaseSeconds?: number;
  kubeconfig?: string;
  write?: boolean;
  flags?: Record<string, string>;
  signal?: AbortSignal;
};

async function releaseIn(stage: Stage, options: Options = {}): Promise<ReleaseReport> {
  const { kubeconfig = cluster.kubeconfig, write = true, flags = {}, only, annotations } = options;
  const { keepLeaseSeconds } = options;
  const { namespace } = stage;
  const settings = loadSettings({
    flags: { kubeconfig, namespaces: namespace, 'lease.namespace': namespace, ...flags },
    env: {},
  });
  const wiring = await wire(settings, {});
  try {
    return await release(
      { settings, only, annotations: annotations ?? false, write, keepLeaseSeconds },
      { ...wiring.deps, signal: options.signal ?? new AbortController().signal },
    );
  } finally {
    wiring.connection.close();
  }
}

/** A Deployment, a StatefulSet and a DaemonSet that use the same ConfigMap and Secret. */
async function shop(t: TestContext): Promise<Stage> {
  const stage = await ownershipStage(t);
  for (const [kind, name] of sources) await stage.source(kind, name);
  for (const kind of workloadKinds) await stage.workload(kind, kind.toLowerCase(), both);
  return stage;
}

async function assertNoTrace(stage: Stage): Promise<void> {
  for (const [kind, name] of sources) assert.deepEqual(await stage.owners(kind, name), []);
  for (const kind of workloadKinds) {
    assert.deepEqual(await stage.carried(kind, kind.toLowerCase()), { finalizer: false });
  }
}

const everything = async (stage: Stage): Promise<KubernetesObject[]> =>
  await Promise.all([
    ...sources.map(([kind, name]) => stage.get(kind, name)),
    ...workloadKinds.map((kind) => stage.get(kind, kind.toLowerCase())),
  ]);

/** The object without the fields that its controller writes. */
const settled = ({ status: _, metadata, ...object }: KubernetesObject): KubernetesObject => {
  const { 'deployment.kubernetes.io/revision': __, ...annotations } = metadata.annotations ?? {};
  const rest = object['kind'] === 'DaemonSet' ? withoutGeneration(annotations) : annotations;
  return lasting({ ...object, metadata: { ...metadata, annotations: rest } });
};
const withoutGeneration = ({
  'deprecated.daemonset.template.generation': _,
  ...annotations
}: Record<string, string>) => annotations;

const listing: Rule = { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['list'] };
const patching: Rule = {
  apiGroups: [''],
  resources: ['configmaps', 'secrets'],
  verbs: ['get', 'patch'],
};
const leasing: Rule = {
  apiGroups: ['coordination.k8s.io'],
  resources: ['leases'],
  verbs: ['get', 'create', 'patch'],
};
async function accountWith(t: TestContext, stage: Stage, rules: readonly Rule[]) {
  const { namespace } = stage;
  return (await serviceAccount(t, { namespace, rules })).kubeconfig;
}

test('owner references, finalizers and records are removed from all objects, and nothing rolls', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  const report = await releaseIn(stage);
  assert.equal(isReleased(report), true);
  assert.deepEqual(
    report.workloads.map(({ kind, sources, finalizer, annotations, restarts }) => ({
      ...{ kind, sources, finalizer, annotations, restarts },
    })),
    ['DaemonSet', 'Deployment', 'StatefulSet'].map((kind) => ({
      kind,
      sources: ['ConfigMap/settings', 'Secret/credentials'],
      finalizer: 'removed',
      annotations: [recordAnnotation],
      restarts: false,
    })),
  );
  await assertNoTrace(stage);
  for (const kind of workloadKinds) {
    assert.equal(await rollouts(kind, stage.namespace, kind.toLowerCase()), 2);
  }
});

test('on request, the Lease stays held for some time, but not if a release was incomplete', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  const holder = async () => (await stage.get('Lease', 'wave-cron')).spec;
  const removing = [{ ...patching, verbs: ['get'] }, ...permissionsOnWorkloads, leasing];
  const kubeconfig = await accountWith(t, stage, removing);
  const failed = await releaseIn(stage, { kubeconfig, keepLeaseSeconds: 60 });
  assert.equal(isReleased(failed), false);
  assert.equal((await holder())?.['holderIdentity'], '');

  const report = await releaseIn(stage, { keepLeaseSeconds: 60 });
  assert.equal(isReleased(report), true, JSON.stringify(report));
  assert.equal((await holder())?.['leaseDurationSeconds'], 60);
  assert.notEqual((await holder())?.['holderIdentity'], '');
});

test('a second release finds nothing and writes nothing', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  await releaseIn(stage, { annotations: true });
  const audit = await auditFromHere(cluster);
  const report = await releaseIn(stage, { annotations: true });
  assert.deepEqual([isReleased(report), report.workloads, report.sources], [true, [], []]);
  const writes = await audit.entries({ ...requestsIn(stage.namespace), verb: writeVerbs });
  assert.deepEqual(
    writes.map(({ objectRef }) => objectRef?.resource).filter((it) => it !== 'leases'),
    [],
  );
});

test('a dry run finds the same objects and changes none of them', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  for (const kind of workloadKinds) {
    await rollouts(kind, stage.namespace, kind.toLowerCase());
  }
  const before = await everything(stage);
  const audit = await auditFromHere(cluster);
  const would = await releaseIn(stage, { write: false, annotations: true });
  assert.deepEqual(await audit.entries({ ...requestsIn(stage.namespace), verb: writeVerbs }), []);
  const spec = ({ metadata, ...object }: KubernetesObject) => ({
    ...object,
    status: undefined,
    metadata: { ...metadata, resourceVersion: undefined, managedFields: undefined },
  });
  assert.deepEqual((await everything(stage)).map(spec), before.map(spec));
  assert.equal(would.workloads.length, 3);
  const did = await releaseIn(stage, { annotations: true });
  const total = ({ workloads }: ReleaseReport) =>
    workloads.map((it) => [it.kind, it.finalizer, it.annotations, it.restarts]);
  assert.deepEqual(total(would), total(did));
});

test('with annotations, each workload rolls once, and then equals its state before it was opted in', async (t) => {
  const stage = await ownershipStage(t);
  for (const [kind, name] of sources) await stage.source(kind, name);
  for (const kind of workloadKinds) {
    await api.create(
      make[kind]({ namespace: stage.namespace, name: kind.toLowerCase(), pod: both }),
    );
    await rollouts(kind, stage.namespace, kind.toLowerCase());
  }
  const before = (await everything(stage)).map(settled);
  const opt = async (value: string | null) => {
    for (const kind of workloadKinds) {
      const [key = ''] = Object.keys(optedIn);
      await api.patch(
        path(kind, stage.namespace, kind.toLowerCase()),
        { metadata: { annotations: { [key]: value } } },
        'merge',
      );
    }
  };
  await opt('true');
  await stage.pass();
  const report = await releaseIn(stage, { annotations: true });
  assert.deepEqual(
    [isReleased(report), report.workloads.map(({ restarts }) => restarts)],
    [true, [true, true, true]],
  );
  await opt(null);
  assert.deepEqual((await everything(stage)).map(settled), before);
  for (const kind of workloadKinds) {
    // The three templates: without the hash, with it, and again without it. A controller gives a restored
    // template a new revision number.
    assert.equal(await rollouts(kind, stage.namespace, kind.toLowerCase()), 3);
  }
});

test('kinds, workloadSelector and ignoreNamespaces have no effect, because they may have been wider before', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  await releaseIn(stage, {
    flags: {
      kinds: 'Deployment',
      workloadSelector: 'no=such',
      ignoreNamespaces: 'kube-system',
    },
  });
  await assertNoTrace(stage);
});

test('the release of one workload only removes its own owner references; those of others on shared sources stay', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  const only = { kind: 'StatefulSet', namespace: stage.namespace, name: 'statefulset' } as const;
  const report = await releaseIn(stage, { only });
  assert.deepEqual(
    report.workloads.map(({ name }) => name),
    ['statefulset'],
  );
  for (const [kind, name] of sources) {
    assert.deepEqual(await stage.owners(kind, name), [
      'DaemonSet/daemonset',
      'Deployment/deployment',
      'Namespace',
    ]);
  }
  assert.deepEqual(await stage.carried('StatefulSet', 'statefulset'), { finalizer: false });
  assert.equal((await stage.carried('Deployment', 'deployment')).finalizer, true);
});

test('a workload that does not exist and has no owner references is an error that names it', async (t) => {
  const stage = await shop(t);
  const only = { kind: 'Deployment', namespace: stage.namespace, name: 'none' } as const;
  await assert.rejects(releaseIn(stage, { only }), {
    message: `Deployment none does not exist in namespace ${stage.namespace}, and nothing there has an owner reference to it`,
    exit: 1,
  });
});

test('a foreign finalizer and foreign owner references survive', async (t) => {
  const stage = await shop(t);
  const at = path('Deployment', stage.namespace, 'deployment');
  await api.patch(at, { metadata: { finalizers: ['example.com/kept'] } });
  // The owner must exist, because the garbage collector removes references to missing owners.
  await stage.source('ConfigMap', 'owner');
  const { metadata } = await stage.get('ConfigMap', 'owner');
  const foreign = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid };
  await api.patch(path('Secret', stage.namespace, 'credentials'), {
    metadata: { ownerReferences: [foreign] },
  });
  await stage.pass();
  await releaseIn(stage);
  const { metadata: left } = await stage.get('Deployment', 'deployment');
  assert.deepEqual(left.finalizers, ['example.com/kept']);
  assert.deepEqual(await stage.owners('Secret', 'credentials'), ['ConfigMap/owner']);
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
  await api.patch(at, { metadata: { finalizers: null } }, 'merge');
});

test("another client's reference to the namespace stays", async (t) => {
  const stage = await shop(t);
  const reference = {
    ...{ apiVersion: 'v1', kind: 'Namespace' },
    ...{ name: 'kube-system', uid: stage.lastingUid },
  };
  await api.patch(path('Secret', stage.namespace, 'credentials'), {
    metadata: { ownerReferences: [reference] },
  });
  await stage.pass();
  await releaseIn(stage);
  assert.deepEqual(await stage.owners('Secret', 'credentials'), ['Namespace']);
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
  assert.deepEqual((await releaseIn(stage)).sources, []);
});

test('the changes of upstream Wave are removed, even those that a pass left in place; those of other programs stay', async (t) => {
  const stage = await shop(t);
  const { namespace } = stage;
  const uid = (await stage.get('Deployment', 'deployment')).metadata.uid;
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'deployment', uid };
  const ofWave = { ...reference, controller: false, blockOwnerDeletion: true };
  const write = (kind: 'ConfigMap' | 'Secret', name: string, owner: object) =>
    api.patch(`${path(kind, namespace, name)}?fieldManager=manager`, {
      metadata: { ownerReferences: [owner] },
    });
  await write('ConfigMap', 'settings', ofWave);
  await write('Secret', 'credentials', reference);
  for (const off of [false, true]) {
    await stage.pass();
    if (off) {
      await stage.pass({ ownership: 'off' });
      const left = await stage.owners('ConfigMap', 'settings');
      assert.deepEqual(left, ['Deployment/deployment', 'Namespace']);
    }
    const report = await releaseIn(stage);
    assert.equal(isReleased(report), true, JSON.stringify(report));
    assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
    assert.deepEqual(await stage.owners('Secret', 'credentials'), ['Deployment/deployment']);
    assert.deepEqual((await releaseIn(stage)).sources, []);
    await write('ConfigMap', 'settings', ofWave);
  }
});

/**
 * A workload that was deleted after its finalizer was removed by force, so its owner references are still on
 * the sources.
 */
async function deletedByForce(stage: Stage): Promise<void> {
  const at = path('Deployment', stage.namespace, 'deployment');
  await api.patch(at, { metadata: { finalizers: null } }, 'merge');
  await api.delete(at);
  await api.waitFor(at, (it) => it === undefined);
}

test('a list finds the owner references to a workload that was deleted by force', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  for (const kind of ['StatefulSet', 'DaemonSet'] as const) {
    const only = { kind, namespace: stage.namespace, name: kind.toLowerCase() };
    await releaseIn(stage, { only });
  }
  await deletedByForce(stage);
  const report = await releaseIn(stage);
  assert.equal(isReleased(report), true);
  assert.deepEqual(
    report.sources.map(({ kind, name }) => `${kind}/${name}`),
    ['ConfigMap/settings', 'Secret/credentials'],
  );
  for (const [kind, name] of sources) assert.deepEqual(await stage.owners(kind, name), []);
});

test('a list finds a single reference to the namespace that wave-cron wrote', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  const at = path('ConfigMap', stage.namespace, 'settings');
  const { metadata } = await api.get(at);
  const others = metadata.ownerReferences?.filter(({ kind }) => kind !== 'Namespace') ?? [];
  await api.patch(at, {
    metadata: { ownerReferences: others.map(({ uid }) => ({ $patch: 'delete', uid })) },
  });
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), ['Namespace']);
  for (const kind of workloadKinds) {
    await api.patch(
      path(kind, stage.namespace, kind.toLowerCase()),
      { metadata: { annotations: { [recordAnnotation]: '["Secret/credentials"]' } } },
      'merge',
    );
  }
  const report = await releaseIn(stage);
  assert.deepEqual(report.sources, [
    {
      ...{ kind: 'ConfigMap', namespace: stage.namespace, name: 'settings' },
      ...{ owners: [], problems: [] },
    },
  ]);
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
});

test('a list finds and removes owner references that the record of a workload does not name', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  const at = path('Deployment', stage.namespace, 'deployment');
  await api.patch(at, { metadata: { annotations: { [recordAnnotation]: '[]' } } });
  const report = await releaseIn(stage);
  const [, web] = report.workloads;
  assert.deepEqual(web?.sources, ['ConfigMap/settings', 'Secret/credentials']);
  assert.deepEqual(report.sources, []);
  await assertNoTrace(stage);
});

test('if sources may not be listed, those that the records name are released, and the report says that there was no search', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  const rules = [...permissionsOnWorkloads, patching, leasing];
  const report = await releaseIn(stage, { kubeconfig: await accountWith(t, stage, rules) });
  assert.equal(isReleased(report), true);
  assert.deepEqual(
    report.notSearched.map(({ what }) => what),
    [`ConfigMaps of namespace ${stage.namespace}`, `Secrets of namespace ${stage.namespace}`],
  );
  assert.match(report.notSearched[0]?.why ?? '', /cannot list resource "configmaps"/);
  await assertNoTrace(stage);
});

test('if there is no record and sources may not be listed, the finalizer stays, and the message names the permission', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  await api.patch(
    path('Deployment', stage.namespace, 'deployment'),
    { metadata: { annotations: { [recordAnnotation]: null } } },
    'merge',
  );
  const rules = [...permissionsOnWorkloads, patching, leasing];
  const kubeconfig = await accountWith(t, stage, rules);
  for (const write of [false, true]) {
    const report = await releaseIn(stage, { kubeconfig, write });
    const web = report.workloads.find(({ kind }) => kind === 'Deployment');
    assert.equal(isReleased(report), false);
    assert.equal(web?.finalizer, 'kept');
    assert.match(
      web?.problems.join() ?? '',
      /no record says .*, and they could not be listed.*; grant list on configmaps and secrets of namespace \S+; until then the finalizer stays/,
    );
  }
  assert.equal((await stage.carried('Deployment', 'deployment')).finalizer, true);
  const granted = await accountWith(t, stage, [...rules, listing]);
  assert.equal(isReleased(await releaseIn(stage, { kubeconfig: granted })), true);
  await assertNoTrace(stage);
});

test('if an owner reference may not be removed, finalizer and record stay, and the report names the source', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  const rules: readonly Rule[] = [
    ...permissionsOnWorkloads,
    leasing,
    { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get', 'list'] },
    { apiGroups: [''], resources: ['configmaps'], verbs: ['patch'] },
  ];
  const report = await releaseIn(stage, { kubeconfig: await accountWith(t, stage, rules) });
  assert.equal(isReleased(report), false);
  for (const { finalizer, problems } of report.workloads) {
    assert.equal(finalizer, 'kept');
    assert.match(
      problems.join(),
      /^its owner reference could not be removed from Secret\/credentials: .* cannot patch resource "secrets"/,
    );
  }
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), []);
  assert.deepEqual(await stage.carried('Deployment', 'deployment'), {
    finalizer: true,
    record: ['Secret/credentials'],
  });
});

test('a finalizer that was removed by force does not come back if an owner reference cannot be removed', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  const at = path('Deployment', stage.namespace, 'deployment');
  await api.patch(at, { metadata: { finalizers: null } }, 'merge');
  const rules: readonly Rule[] = [
    ...permissionsOnWorkloads,
    leasing,
    { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get', 'list'] },
  ];
  await releaseIn(stage, { kubeconfig: await accountWith(t, stage, rules) });
  assert.deepEqual(await stage.carried('Deployment', 'deployment'), {
    finalizer: false,
    record: ['ConfigMap/settings', 'Secret/credentials'],
  });
});

test('changes by other clients between read and patch are kept, and the release succeeds', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  const proxy = await faultProxy(t);
  const at = path('Deployment', stage.namespace, 'deployment');
  const elsewhere = () => api.patch(at, { metadata: { labels: { meanwhile: 'yes' } } });
  proxy.on('PATCH', /\/deployments\//, after(elsewhere), { times: 1 });
  const report = await releaseIn(stage, { kubeconfig: proxy.kubeconfig() });
  assert.equal(isReleased(report), true);
  assert.equal((await api.get(at)).metadata.labels?.['meanwhile'], 'yes');
  await assertNoTrace(stage);
});

test('a workload that is being deleted is gone at once, and its sources stay', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  const at = path('Deployment', stage.namespace, 'deployment');
  await api.delete(at, { propagationPolicy: 'Foreground' });
  const report = await releaseIn(stage, { annotations: true });
  assert.equal(isReleased(report), true);
  assert.equal(report.workloads.find(({ kind }) => kind === 'Deployment')?.restarts, false);
  await api.waitFor(at, (it) => it === undefined);
  for (const [kind, name] of sources) assert.deepEqual(await stage.owners(kind, name), []);
});

test('an interrupted release begins no more writes and says how much is left, and a second release finishes', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  const stop = new AbortController();
  const proxy = await faultProxy(t);
  proxy.on(
    'PATCH',
    /\/(configmaps|secrets)\//,
    after(async () => stop.abort()),
    { times: 1 },
  );
  const report = await releaseIn(stage, {
    kubeconfig: proxy.kubeconfig(),
    flags: { 'concurrency.writes': '1' },
    signal: stop.signal,
  });
  assert.deepEqual([report.release, report.unreached], ['Interrupted', 3]);
  assert.equal(isReleased(await releaseIn(stage)), true);
  await assertNoTrace(stage);
});

test('objects of a wave-cron with another annotation prefix are not changed', async (t) => {
  const stage = await shop(t);
  await api.patch(
    path('Deployment', stage.namespace, 'deployment'),
    { metadata: { annotations: { 'example.com/update-on-config-change': 'true' } } },
    'merge',
  );
  await stage.pass({ annotationPrefix: 'example.com' });
  t.after(() => stage.pass({ annotationPrefix: 'example.com', ownership: 'off' }));
  const report = await releaseIn(stage);
  assert.deepEqual([report.workloads, report.sources], [[], []]);
  for (const [kind, name] of sources) {
    assert.deepEqual(await stage.owners(kind, name), ['Deployment/deployment', 'Namespace']);
  }
});

test('if not every kind could be listed, no owner reference counts as orphaned, and the release is incomplete', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  const apps = (resource: string, ...verbs: string[]): Rule => ({
    apiGroups: ['apps'],
    resources: [resource],
    verbs,
  });
  const rules = [
    ...[listing, patching, leasing],
    apps('statefulsets', 'list', 'get', 'patch'),
    apps('daemonsets', 'list', 'get', 'patch'),
  ];
  const report = await releaseIn(stage, { kubeconfig: await accountWith(t, stage, rules) });
  assert.deepEqual(
    report.listProblems.map(({ what }) => what),
    [`Deployments of namespace ${stage.namespace}`],
  );
  assert.deepEqual([isReleased(report), report.workloads.length], [false, 2]);
  assert.deepEqual(await stage.owners('ConfigMap', 'settings'), [
    'Deployment/deployment',
    'Namespace',
  ]);
});

test('a list finds the owner references to a living workload without finalizer and record', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  await api.patch(
    path('Deployment', stage.namespace, 'deployment'),
    { metadata: { finalizers: null, annotations: { [recordAnnotation]: null } } },
    'merge',
  );
  const report = await releaseIn(stage);
  assert.deepEqual(
    report.sources.map(({ owners }) => owners),
    [['Deployment/deployment'], ['Deployment/deployment']],
  );
  await assertNoTrace(stage);
});

test('for a single workload without finalizer and record, only its own owner references are found and removed', async (t) => {
  const stage = await shop(t);
  await stage.pass();
  await api.patch(
    path('Deployment', stage.namespace, 'deployment'),
    { metadata: { finalizers: null, annotations: { [recordAnnotation]: null } } },
    'merge',
  );
  const only = { kind: 'Deployment', namespace: stage.namespace, name: 'deployment' } as const;
  const report = await releaseIn(stage, { only });
  assert.equal(isReleased(report), true);
  assert.deepEqual(
    await stage.owners('ConfigMap', 'settings'),
    ['DaemonSet/daemonset', 'StatefulSet/statefulset', 'Namespace'].sort(),
  );
});
