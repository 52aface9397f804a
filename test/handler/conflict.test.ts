import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isComplete } from '../../lib/rules/report.ts';
import { type Fields, type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import {
  configMap,
  daemonSet,
  deployment,
  mainContainer,
  statefulSet,
  using,
} from '../../tools/control-plane/objects.ts';
import { rollouts, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { faultProxy } from '../faults/fault-proxy.ts';
import { after, answer, loseAnswer, resetConnection, status } from '../faults/faults.ts';
import {
  eventsAbout,
  hashAnnotation,
  optedIn,
  outcomeOf,
  prefix,
  reasonsIn,
  runPass,
  sourcesAnnotation,
  templateAnnotations,
} from './run-pass.ts';

const { api } = testCluster();

const patchOf = (name: string) => new RegExp(`/statefulsets/${name}\\?`);

/**
 * Creates a StatefulSet `web`, runs a first pass, and then changes its ConfigMap. The workload is a StatefulSet
 * because its controller writes it only once after a change, and a test can wait for that write. The Deployment
 * controller writes more often, which would cause conflicts that no test plans.
 */
async function changedConfiguration(t: TestContext) {
  const namespace = await testNamespace(t);
  const proxy = await faultProxy(t);
  const web = path('StatefulSet', namespace, 'web');
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  const pod = using({ configMap: 'settings' });
  await api.create(statefulSet({ namespace, name: 'web', annotations: optedIn, pod }));
  await rollouts('StatefulSet', namespace, 'web');
  await runPass(namespace);
  await rollouts('StatefulSet', namespace, 'web');
  await api.patch(path('ConfigMap', namespace, 'settings'), { data: { a: '2' } });
  const hash = (await templateAnnotations(namespace, 'web', 'StatefulSet'))[hashAnnotation];
  const patches = () => proxy.seen.filter(({ method }) => method === 'PATCH');
  return {
    namespace,
    proxy,
    web,
    hash,
    workloadPatches: () => patches().filter(({ url }) => url.includes('/statefulsets/')),
    run: () => runPass(namespace, { kubeconfig: proxy.kubeconfig() }),
  };
}

test("if another client changes a workload between read and write, the new hash is written and the client's change is kept", async (t) => {
  const { namespace, proxy, web, hash, workloadPatches, run } = await changedConfiguration(t);
  const theirs = {
    metadata: { labels: { team: 'a' } },
    spec: {
      minReadySeconds: 7,
      template: {
        metadata: { annotations: { 'example.com/theirs': 'yes' } },
        spec: { terminationGracePeriodSeconds: 11 },
      },
    },
  };
  proxy.on(
    'PATCH',
    patchOf('web'),
    after(() => api.patch(web, theirs)),
    { times: 1 },
  );
  const report = await run();
  assert.equal(outcomeOf(report, 'web').reason, 'ConfigChanged');
  assert.equal(outcomeOf(report, 'web').written, true);
  assert.ok(isComplete(report));
  assert.equal(workloadPatches().length, 2);

  const now = await api.get<KubernetesObject & { spec: { template: KubernetesObject } }>(web);
  assert.equal(now.metadata.labels?.['team'], 'a');
  assert.equal(now.spec['minReadySeconds'], 7);
  assert.equal(now.spec.template.spec?.['terminationGracePeriodSeconds'], 11);
  const annotations = now.spec.template.metadata.annotations ?? {};
  assert.equal(annotations['example.com/theirs'], 'yes');
  assert.notEqual(annotations[hashAnnotation], hash);
  // The controller has seen four templates: the original one, the one with the first hash, the one that the
  // other client changed, and the one with the new hash.
  assert.equal(await rollouts('StatefulSet', namespace, 'web'), 4);
  assert.deepEqual(reasonsIn(await run()), { 'StatefulSet/web': 'UpToDate' });
});

test('if the references of a workload change between read and write, the pass decides again', async (t) => {
  const { namespace, proxy, web, run } = await changedConfiguration(t);
  await api.create(configMap({ namespace, name: 'more', data: { b: '1' } }));
  const envFrom = [{ configMapRef: { name: 'settings' } }, { configMapRef: { name: 'more' } }];
  const containers = [{ name: 'main', envFrom }];
  const theirs = { spec: { template: { spec: { containers } } } };
  proxy.on(
    'PATCH',
    patchOf('web'),
    after(() => api.patch(web, theirs)),
    { times: 1 },
  );
  assert.deepEqual(outcomeOf(await run(), 'web').changed, ['ConfigMap/more', 'ConfigMap/settings']);
  const sources =
    (await templateAnnotations(namespace, 'web', 'StatefulSet'))[sourcesAnnotation] ?? '{}';
  assert.deepEqual(Object.keys(JSON.parse(sources)), [
    'hash',
    'ConfigMap/more',
    'ConfigMap/settings',
  ]);
  assert.deepEqual(reasonsIn(await run()), { 'StatefulSet/web': 'UpToDate' });
});

test('if another client writes a workload many times in a short time, the pass waits for the end of the writes', async (t) => {
  const { namespace, proxy, web, run } = await changedConfiguration(t);
  let begin: number | undefined;
  let labels = 0;
  // Controllers write the status of a workload in such bursts during a rollout.
  const burst = async () => {
    begin ??= performance.now();
    if (performance.now() - begin > 150) return;
    labels += 1;
    await api.patch(web, { metadata: { labels: { n: String(labels) } } });
  };
  proxy.on('PATCH', patchOf('web'), after(burst));
  assert.deepEqual(reasonsIn(await run()), { 'StatefulSet/web': 'ConfigChanged' });
  assert.equal(await rollouts('StatefulSet', namespace, 'web'), 3);
});

test('a workload that another client changes three times is left to the next pass, with a warning', async (t) => {
  const { namespace, proxy, web, hash, workloadPatches, run } = await changedConfiguration(t);
  let labels = 0;
  const relabel = () => {
    labels += 1;
    return api.patch(web, { metadata: { labels: { n: String(labels) } } });
  };
  proxy.on('PATCH', patchOf('web'), after(relabel), { times: 3 });
  const report = await run();
  const { reason, sentence, written } = outcomeOf(report, 'web');
  assert.equal(reason, 'Conflict');
  assert.equal(sentence, 'another client changed it 3 times while the hash was being written');
  assert.equal(written, false);
  // Anyone who may edit the workload could cause conflicts all the time. That must not make every pass fail.
  assert.equal(isComplete(report), true);
  assert.equal(workloadPatches().length, 3);
  assert.equal((await templateAnnotations(namespace, 'web', 'StatefulSet'))[hashAnnotation], hash);
  const event = (await eventsAbout(namespace, 'web')).at(-1);
  assert.deepEqual([event?.type, event?.reason, event?.note], ['Warning', reason, sentence]);

  assert.deepEqual(reasonsIn(await run()), { 'StatefulSet/web': 'ConfigChanged' });
  assert.equal((await api.get(web)).metadata.labels?.['n'], '3');
});

for (const [how, value] of [
  ['off', 'false'],
  ['by taking the annotation away', null],
] as const) {
  test(`a workload that is opted out between read and write, ${how}, is not written`, async (t) => {
    const { namespace, proxy, web, hash, run } = await changedConfiguration(t);
    const optOut = { metadata: { annotations: { [`${prefix}/update-on-config-change`]: value } } };
    proxy.on(
      'PATCH',
      patchOf('web'),
      after(() => api.patch(web, optOut)),
      { times: 1 },
    );
    const report = await run();
    assert.deepEqual(reasonsIn(report), { 'StatefulSet/web': 'OptedOut' });
    assert.ok(isComplete(report));
    assert.equal(
      (await templateAnnotations(namespace, 'web', 'StatefulSet'))[hashAnnotation],
      hash,
    );
    assert.equal(await rollouts('StatefulSet', namespace, 'web'), 2);
  });
}

test('a workload that is deleted between read and write does not make the pass fail', async (t) => {
  const { proxy, web, run } = await changedConfiguration(t);
  const remove = async () => {
    await api.delete(web, { propagationPolicy: 'Background' });
    await api.waitFor(web, (it) => it === undefined);
  };
  proxy.on('PATCH', patchOf('web'), after(remove), { times: 1 });
  const report = await run();
  assert.deepEqual(reasonsIn(report), { 'StatefulSet/web': 'Deleting' });
  assert.ok(isComplete(report));
  assert.equal(await api.find(web), undefined);
});

test('a workload that is being deleted by the time of the write is not written', async (t) => {
  const { namespace, proxy, web, hash, run } = await changedConfiguration(t);
  t.after(() => api.patch(web, { metadata: { finalizers: null } }, 'merge'));
  const remove = async () => {
    await api.patch(web, { metadata: { finalizers: ['example.com/wait'] } });
    await api.delete(web);
  };
  proxy.on('PATCH', patchOf('web'), after(remove), { times: 1 });
  assert.deepEqual(reasonsIn(await run()), { 'StatefulSet/web': 'Deleting' });
  assert.equal((await templateAnnotations(namespace, 'web', 'StatefulSet'))[hashAnnotation], hash);
});

test('a workload that is deleted and created again between read and write is handled as the new object', async (t) => {
  const { namespace, proxy, web, run } = await changedConfiguration(t);
  const recreate = async () => {
    await api.delete(web, { propagationPolicy: 'Background' });
    await api.waitFor(web, (it) => it === undefined);
    const pod = using({ configMap: 'absent', optional: true });
    await api.create(statefulSet({ namespace, name: 'web', annotations: optedIn, pod }));
    await rollouts('StatefulSet', namespace, 'web');
  };
  proxy.on('PATCH', patchOf('web'), after(recreate), { times: 1 });
  const report = await run();
  assert.deepEqual(reasonsIn(report), { 'StatefulSet/web': 'FirstSeen' });
  assert.match(
    (await templateAnnotations(namespace, 'web', 'StatefulSet'))[sourcesAnnotation] ?? '',
    /^\{"hash":"[0-9a-f]{12}","ConfigMap\/absent":"-"\}$/,
  );
  const event = (await eventsAbout(namespace, 'web')).at(-1);
  assert.equal(event?.regarding.uid, (await api.get(web)).metadata.uid);
});

test('a write whose response is lost is reported as a write, and rolls the workload once', async (t) => {
  const { namespace, proxy, hash, workloadPatches, run } = await changedConfiguration(t);
  proxy.on('PATCH', patchOf('web'), loseAnswer, { times: 1 });
  const report = await run();
  const { reason, written, changed } = outcomeOf(report, 'web');
  assert.deepEqual([reason, written, changed], ['ConfigChanged', true, ['ConfigMap/settings']]);
  assert.ok(isComplete(report));
  assert.equal(workloadPatches().length, 2);
  assert.equal(await rollouts('StatefulSet', namespace, 'web'), 3);
  assert.notEqual(
    (await templateAnnotations(namespace, 'web', 'StatefulSet'))[hashAnnotation],
    hash,
  );
  assert.equal((await eventsAbout(namespace, 'web')).at(-1)?.reason, 'ConfigChanged');
});

for (const [by, words, reason] of [
  [
    'for a missing permission counts as failed, makes the pass incomplete',
    'statefulsets.apps "web" is forbidden: User "u" cannot patch resource "statefulsets" in API group "apps" in the namespace "shop"',
    'Failed',
  ],
  // The owner of the workload may have caused this denial.
  [
    'by an admission webhook counts as rejected, leaves the pass complete',
    'admission webhook "x" denied the request: not today',
    'Rejected',
  ],
] as const) {
  test(`a write that is refused ${by}, and is tried by the next pass`, async (t) => {
    const { namespace, proxy, hash, workloadPatches, run } = await changedConfiguration(t);
    const denied = status(403, 'Forbidden', words);
    proxy.on('PATCH', patchOf('web'), answer(denied), { times: 1 });
    const report = await run();
    const outcome = outcomeOf(report, 'web');
    assert.equal(outcome.reason, reason);
    const sentence = `the hash could not be written: ${words} [HTTP 403]`;
    assert.equal(outcome.sentence, sentence);
    assert.equal(workloadPatches().length, 1);
    assert.equal(isComplete(report), reason === 'Rejected');
    const annotations = await templateAnnotations(namespace, 'web', 'StatefulSet');
    assert.equal(annotations[hashAnnotation], hash);
    const event = (await eventsAbout(namespace, 'web')).at(-1);
    assert.deepEqual([event?.type, event?.reason, event?.note], ['Warning', reason, sentence]);
    assert.deepEqual(reasonsIn(await run()), { 'StatefulSet/web': 'ConfigChanged' });
  });
}

test('a write that fails for a short time is tried again', async (t) => {
  const { namespace, proxy, run } = await changedConfiguration(t);
  proxy.on('PATCH', patchOf('web'), answer(status(500, 'InternalError', 'oh')), { times: 1 });
  proxy.on('PATCH', patchOf('web'), resetConnection, { times: 1 });
  assert.deepEqual(reasonsIn(await run()), { 'StatefulSet/web': 'ConfigChanged' });
  assert.equal(await rollouts('StatefulSet', namespace, 'web'), 3);
});

const everything: Fields = {
  pod: {
    serviceAccountName: 'default',
    terminationGracePeriodSeconds: 17,
    hostname: 'h',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 9 }],
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: { app: 'web' } },
      },
    ],
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    readinessGates: [{ conditionType: 'example.com/ready' }],
    initContainers: [{ name: 'sidecar', image: 'example.com/s:1', restartPolicy: 'Always' }],
    containers: [
      {
        ...mainContainer,
        envFrom: [{ prefix: 'X_', configMapRef: { name: 'settings' } }],
        env: [
          { name: 'B', value: '2' },
          { name: 'A', value: '1' },
          { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        ],
        ports: [
          { containerPort: 53, protocol: 'UDP' },
          { containerPort: 53, protocol: 'TCP' },
        ],
        resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }],
        resources: { limits: { cpu: '100m' } },
        lifecycle: { preStop: { sleep: { seconds: 3 } } },
        startupProbe: { grpc: { port: 9000 }, failureThreshold: 9 },
      },
      { name: 'second', image: 'example.com/second:1' },
    ],
  },
};

test('a write only changes the two annotations of the template and the records of the hash, and keeps all other fields', async (t) => {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  const kinds = { Deployment: deployment, StatefulSet: statefulSet, DaemonSet: daemonSet };
  const names = Object.keys(kinds) as (keyof typeof kinds)[];
  for (const kind of names) {
    await api.create(
      kinds[kind]({
        namespace,
        name: 'web',
        labels: { team: 'a' },
        annotations: { ...optedIn, 'example.com/a': 'b' },
        podAnnotations: { 'example.com/theirs': 'kept' },
        ...everything,
      }),
    );
    await rollouts(kind, namespace, 'web');
  }

  type Whole = KubernetesObject & {
    metadata: { managedFields?: { manager: string }[] };
    spec: { template: KubernetesObject };
  };
  const read = (kind: keyof typeof kinds) => api.get<Whole>(path(kind, namespace, 'web'));
  /**
   * The object without the fields that a write changes, and without those that controllers and the API server
   * then change.
   */
  const rest = ({ status: _, metadata, spec, ...object }: Whole) => {
    const { resourceVersion: __, generation: ___, managedFields, annotations, ...named } = metadata;
    const {
      'deployment.kubernetes.io/revision': ____,
      'deprecated.daemonset.template.generation': _____,
      [`${prefix}/rollout-history`]: ______,
      [`${prefix}/written-hash`]: recorded,
      ...written
    } = annotations ?? {};
    const {
      [hashAnnotation]: hash,
      [sourcesAnnotation]: sources,
      ...others
    } = spec.template.metadata.annotations ?? {};
    return {
      hash,
      recorded,
      sources,
      managers: managedFields?.filter(
        ({ manager }) => !['wave-cron', 'kube-controller-manager'].includes(manager),
      ),
      object: {
        ...object,
        metadata: { ...named, annotations: written },
        spec: {
          ...spec,
          template: {
            ...spec.template,
            metadata: { ...spec.template.metadata, annotations: others },
          },
        },
      },
    };
  };
  const before = await Promise.all(names.map(read));
  await runPass(namespace);
  await api.patch(path('ConfigMap', namespace, 'settings'), { data: { a: '2' } });
  await runPass(namespace);
  const now = await Promise.all(names.map(read));
  assert.deepEqual(
    now.map((it) => rest(it).object),
    before.map((it) => rest(it).object),
  );
  assert.deepEqual(
    now.map((it) => rest(it).managers),
    before.map((it) => rest(it).managers),
  );
  for (const it of now) {
    assert.match(rest(it).hash ?? '', /^[0-9a-f]{64}$/);
    assert.equal(rest(it).recorded, rest(it).hash);
    assert.match(
      rest(it).sources ?? '',
      /^\{"hash":"[0-9a-f]{12}","ConfigMap\/settings":"[0-9a-f]{12}"\}$/,
    );
    const ours = it.metadata.managedFields?.find(({ manager }) => manager === 'wave-cron');
    assert.deepEqual(ours, {
      ...ours,
      operation: 'Update',
      fieldsV1: {
        'f:metadata': {
          'f:annotations': {
            [`f:${prefix}/rollout-history`]: {},
            [`f:${prefix}/written-hash`]: {},
          },
        },
        'f:spec': {
          'f:template': {
            'f:metadata': {
              'f:annotations': { [`f:${hashAnnotation}`]: {}, [`f:${sourcesAnnotation}`]: {} },
            },
          },
        },
      },
    });
  }
});
