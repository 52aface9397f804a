/** The shipped admission policies and the shipped permissions allow all writes of wave-cron. */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { isComplete, type Report } from '../../../lib/rules/report.ts';
import { parseRolloutHistory } from '../../../lib/rules/rollout-policy/history.ts';
import { parsePending } from '../../../lib/rules/rollout-policy/pending.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';
import { type Fields, type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { type Audit, auditFromHere } from '../../../tools/control-plane/audit.ts';
import { configMap, secret } from '../../../tools/control-plane/objects.ts';
import { hasKubectl, rollouts, testCluster } from '../../../tools/control-plane/testing.ts';
import { finalizer, make, usingOptional } from '../../handler/ownership/stage.ts';
import {
  eventsAbout,
  reasonsIn,
  runPass,
  prefix as shippedPrefix,
  templateAnnotations,
  workloadKinds,
} from '../../handler/run-pass.ts';
import { runCheck } from '../../jobs/run-check.ts';
import { runProgram } from '../../jobs/run-program.ts';
import { type RestrictedAccount, type RestrictedOptions, restrictedAccount } from './account.ts';

const { api, cluster } = testCluster();
const skip = hasKubectl() ? false : 'there is no kubectl';
const sources = [
  ['ConfigMap', 'settings'],
  ['Secret', 'login'],
] as const;

type Stage = {
  account: RestrictedAccount;
  audit: Audit;
  pass(settings?: Partial<Settings>): Promise<Report>;
  /** Whether the workload of each kind has the finalizer, and the kinds of all owners of the sources. */
  marks(): Promise<{ finalizers: boolean[]; owners: string[] }>;
};

/** Creates a workload of each kind, all with the same ConfigMap and Secret. */
async function stage(
  t: TestContext,
  {
    prefix = shippedPrefix,
    annotations = {},
    ...options
  }: RestrictedOptions & {
    prefix?: string;
    annotations?: Record<string, string>;
  } = {},
): Promise<Stage> {
  const audit = await auditFromHere(cluster);
  const account = await restrictedAccount(t, options);
  const { namespace, kubeconfig } = account;
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  await api.create(secret({ namespace, name: 'login', data: { a: '1' } }));
  const pod = usingOptional({ configMaps: ['settings'], secrets: ['login'] });
  const optedIn = { [`${prefix}/update-on-config-change`]: 'true', ...annotations };
  for (const kind of workloadKinds) {
    await api.create(make[kind]({ namespace, name: 'web', annotations: optedIn, pod }));
    await rollouts(kind, namespace, 'web');
  }
  return {
    account,
    audit,
    pass: (settings = {}) =>
      runPass(namespace, {
        kubeconfig,
        settings: { ownership: 'finalizer', annotationPrefix: prefix, ...settings },
      }),
    async marks() {
      const workloads = await Promise.all(
        workloadKinds.map((kind) => api.find(path(kind, namespace, 'web'))),
      );
      const owned = await Promise.all(
        sources.map(([kind, name]) => api.get(path(kind, namespace, name))),
      );
      const owners = owned.flatMap(({ metadata }) => metadata.ownerReferences ?? []);
      const wanted = finalizer.replace(shippedPrefix, prefix);
      return {
        finalizers: workloads.map((it) => it?.metadata.finalizers?.includes(wanted) === true),
        owners: [...new Set(owners.map(({ kind }) => kind))].sort(),
      };
    },
  };
}

const all = (reason: string) =>
  Object.fromEntries(workloadKinds.map((kind) => [`${kind}/web`, reason]));
const marked = {
  finalizers: [true, true, true],
  owners: ['DaemonSet', 'Deployment', 'Namespace', 'StatefulSet'],
};
const unmarked = { finalizers: [false, false, false], owners: [] };

function assertDone(report: Report, reasons: Record<string, string>): void {
  assert.deepEqual(reasonsIn(report), reasons, JSON.stringify(report.outcomes));
  assert.ok(isComplete(report), JSON.stringify(report));
  assert.equal(report.eventsLost, 0);
}

async function assertNothingRefused({ account, audit }: Stage): Promise<void> {
  const user = `system:serviceaccount:${account.namespace}:${account.name}`;
  const entries = await audit.entries({ user });
  // The stage itself sent dry runs about a probe, to see whether the admission policies are in force. They have
  // another user agent.
  const own = entries.filter(({ userAgent }) => userAgent?.startsWith('wave-cron/') === true);
  assert.ok(own.length > 0);
  const refused = own.filter((it) => [401, 403, 422].includes(it.responseStatus?.code ?? 0));
  assert.deepEqual(refused, []);
}

const change = (namespace: string, a: string) =>
  api.patch(path('ConfigMap', namespace, 'settings'), { data: { a } });

const onEach = (namespace: string, patch: Fields) =>
  Promise.all(workloadKinds.map((kind) => api.patch(path(kind, namespace, 'web'), patch)));

/** Writes the status that kubelet writes when the containers of a Pod have started. */
async function makePodsReady(namespace: string): Promise<void> {
  const [pod] = await api.list(path('Pod', namespace));
  assert.ok(pod);
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  await api.patch(`${path('Pod', namespace, pod.metadata.name)}/status`, { status }, 'merge');
}

suite('the admission policies allow', { skip, concurrency: 3 }, () => {
  test('hashes, owner references, finalizers and events, with ownership on and off again', async (t) => {
    const it = await stage(t);
    const { namespace } = it.account;
    assertDone(await it.pass(), all('FirstSeen'));
    assert.deepEqual(await it.marks(), marked);
    await change(namespace, '2');
    assertDone(await it.pass(), all('ConfigChanged'));
    assertDone(await it.pass(), all('UpToDate'));

    // A warning that persists increases the count of its Event. A source that is not used anymore loses its
    // owner reference.
    const lost = { name: 'main', envFrom: [{ configMapRef: { name: 'nowhere' } }] };
    const pod = { spec: { template: { spec: { containers: [lost] } } } };
    await api.patch(path('Deployment', namespace, 'web'), pod);
    for (let i = 0; i < 3; i += 1) {
      const missing = { ...all('UpToDate'), 'Deployment/web': 'MissingSource' };
      assertDone(await it.pass(), missing);
    }
    const events = await eventsAbout(namespace, 'web');
    assert.equal(events.find(({ reason }) => reason === 'MissingSource')?.series?.count, 3);
    const useNothing = [{ op: 'remove', path: '/spec/template/spec/containers/0/envFrom' }];
    await api.patch(path('Deployment', namespace, 'web'), useNothing, 'json');
    assertDone(await it.pass(), { ...all('UpToDate'), 'Deployment/web': 'Adopted' });

    assertDone(await it.pass({ ownership: 'off' }), all('UpToDate'));
    assert.deepEqual(await it.marks(), unmarked);
    await assertNothingRefused(it);
  });

  test('adoption without a restart, opting out and in again, and deletion', async (t) => {
    const it = await stage(t, { annotations: { [`${shippedPrefix}/adoption`]: 'baseline' } });
    const { namespace } = it.account;
    assertDone(await it.pass(), all('Adopted'));
    for (const kind of workloadKinds) assert.equal(await rollouts(kind, namespace, 'web'), 1);
    await change(namespace, '2');
    assertDone(await it.pass(), all('ConfigChanged'));
    const optIn = (value: string) => ({
      metadata: { annotations: { [`${shippedPrefix}/update-on-config-change`]: value } },
    });
    await onEach(namespace, optIn('false'));
    assert.ok(isComplete(await it.pass()));
    assert.deepEqual(await it.marks(), unmarked);
    await onEach(namespace, optIn('true'));
    assertDone(await it.pass(), all('UpToDate'));
    assert.deepEqual(await it.marks(), marked);
    for (const kind of workloadKinds) await api.delete(path(kind, namespace, 'web'));
    assert.ok(isComplete(await it.pass()));
    for (const kind of workloadKinds) {
      await api.waitFor(path(kind, namespace, 'web'), (found) => found === undefined);
    }
    assert.deepEqual(await it.marks(), unmarked);
    await assertNothingRefused(it);
  });

  test('a record of Pods that are current, and a rollout with the hash that is on the template', async (t) => {
    const it = await stage(t, {
      annotations: { [`${shippedPrefix}/restart`]: 'if-stale' },
      overlay: { components: ['components/adoption'] },
    });
    const { namespace } = it.account;
    assertDone(await it.pass(), all('FirstSeen'));
    await change(namespace, '2');
    assertDone(await it.pass(), all('AlreadyCurrent'));
    assertDone(await it.pass(), all('UpToDate'));
    const before = await Promise.all(workloadKinds.map((kind) => rollouts(kind, namespace, 'web')));
    await onEach(namespace, {
      metadata: { annotations: { [`${shippedPrefix}/restart`]: 'always' } },
    });
    await change(namespace, '1');
    assertDone(await it.pass(), all('ConfigChanged'));
    const after = await Promise.all(workloadKinds.map((kind) => rollouts(kind, namespace, 'web')));
    assert.deepEqual(
      after,
      before.map((count) => count + 1),
    );
    await assertNothingRefused(it);
  });

  test('configurations that are held back, each hold and its end, with a hash key', async (t) => {
    const it = await stage(t);
    const { namespace } = it.account;
    const lease = { ...defaultSettings.lease, namespace };
    const { rollouts: shipped } = defaultSettings;
    const pass = (rollouts: Partial<Settings['rollouts']>) =>
      it.pass({ hashKey: 'auto', lease, rollouts: { ...shipped, ...rollouts } });
    const pendingOn = async () => {
      const objects = await Promise.all(
        workloadKinds.map((kind) => api.get(path(kind, namespace, 'web'))),
      );
      return objects.map(({ metadata }) =>
        parsePending(metadata.annotations?.[`${shippedPrefix}/pending-config`]),
      );
    };
    const never = [{ kind: 'deny', schedule: '* * * * *', duration: '1m' }];
    const holds = [
      ['Paused', { paused: true }],
      ['Settling', { settle: '1h' }],
      ['AwaitingApproval', { approval: 'required' }],
      ['OutsideWindow', { windows: never }],
    ] as const;
    for (const [reason, rollouts] of [...holds, holds[0]]) {
      assertDone(await pass(rollouts), all(reason));
      for (const pending of await pendingOn()) {
        assert.equal(pending?.reason, reason);
        assert.match(pending.keyId ?? '', /^[0-9a-f]{8}$/);
      }
      assertDone(await pass(rollouts), all(reason));
    }
    for (const [i, kind] of workloadKinds.entries()) {
      const approved = { [`${shippedPrefix}/rollout-now`]: (await pendingOn())[i]?.hash ?? '' };
      await api.patch(path(kind, namespace, 'web'), { metadata: { annotations: approved } });
    }
    assertDone(await pass({ paused: true }), all('FirstSeen'));
    assert.deepEqual(await pendingOn(), [undefined, undefined, undefined]);

    await change(namespace, '2');
    assertDone(await pass({ cooldown: '1h' }), all('CoolingDown'));
    assertDone(await pass({ limit: { count: 1, period: '1h' } }), all('LimitExceeded'));
    const first = 'DaemonSet/web';
    assertDone(await pass({ maxConcurrent: 1 }), { ...all('Queued'), [first]: 'ConfigChanged' });
    assertDone(await pass({}), { ...all('ConfigChanged'), [first]: 'UpToDate' });
    await assertNothingRefused(it);
  });

  test('the record of versions that a healthy workload got, in its history', async (t) => {
    const it = await stage(t);
    const { namespace } = it.account;
    assertDone(await it.pass(), all('FirstSeen'));
    const here = path('Deployment', namespace, 'web');
    await api.patch(here, { spec: { replicas: 1 } });
    await rollouts('Deployment', namespace, 'web');
    await makePodsReady(namespace);
    await api.waitFor<KubernetesObject & { status?: { availableReplicas?: number } }>(
      here,
      (found) => found?.status?.availableReplicas === 1,
      { what: 'the Deployment to be available' },
    );
    await change(namespace, '2');
    assertDone(await it.pass(), all('ConfigChanged'));
    const { metadata } = await api.get(here);
    const history = parseRolloutHistory(metadata.annotations?.[`${shippedPrefix}/rollout-history`]);
    assert.deepEqual([...(history?.given.keys() ?? [])], ['ConfigMap/settings']);
    await assertNothingRefused(it);
  });

  test('the removal of its own owner references next to those of another program, such as Wave', async (t) => {
    // The account needs the permission to list sources: no record names the sources that Wave's owner
    // references are on.
    const it = await stage(t, { wide: true });
    const { namespace } = it.account;
    const { metadata } = await api.get(path('Deployment', namespace, 'web'));
    const { name, uid } = metadata;
    const left = {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', name, uid },
      ...{ controller: false, blockOwnerDeletion: true },
    };
    for (const [kind, name] of sources) {
      const patch = { metadata: { ownerReferences: [left] } };
      await api.patch(`${path(kind, namespace, name)}?fieldManager=wave`, patch);
    }
    assertDone(await it.pass(), all('FirstSeen'));
    assert.deepEqual(await it.marks(), marked);
    assertDone(await it.pass({ ownership: 'off' }), all('UpToDate'));
    const { finalizers } = unmarked;
    const wave = { finalizers, owners: ['Deployment', 'Namespace'] };
    assert.deepEqual(await it.marks(), wave);
    await assertNothingRefused(it);

    // With the account of wave-cron, `release` leaves the same owner references as a pass. A person can remove
    // them.
    const release = async (as: string) => {
      const args = ['release', '--yes', '-n', namespace, '--lease-namespace', namespace];
      const run = await runProgram([...args, '--kubeconfig', as]);
      assert.equal(run.status, 0, run.stdout + run.stderr);
    };
    await release(it.account.kubeconfig);
    assert.deepEqual(await it.marks(), wave);
    await release(cluster.kubeconfig);
    assert.deepEqual(await it.marks(), unmarked);
  });

  test('check, and release with the annotations', async (t) => {
    const it = await stage(t);
    const { namespace, kubeconfig } = it.account;
    assertDone(await it.pass(), all('FirstSeen'));
    const found = await runCheck(kubeconfig, {
      namespaces: namespace,
      'lease.namespace': namespace,
      ownership: 'finalizer',
    });
    assert.deepEqual([found.status, found.problems], [0, []]);
    // These settings have no hash key, so there is a note about that. There is no note about the policies.
    assert.deepEqual(
      found.notes.filter((note) => !/made without a key/.test(note)),
      [],
    );
    assert.deepEqual(found.ownerReferences, { state: 'allowed', hasAdmissionPolicies: true });
    const run = await runProgram([
      ...['release', '--yes', '--annotations', '-n', namespace],
      ...['--kubeconfig', kubeconfig, '--lease-namespace', namespace],
    ]);
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.deepEqual(await it.marks(), unmarked);
    for (const kind of workloadKinds) {
      assert.deepEqual(await templateAnnotations(namespace, 'web', kind), {});
    }
  });

  test('all writes with another annotationPrefix if the policies name it, and none with a prefix that they do not name', async (t) => {
    const prefix = 'config.example.com';
    const value = { name: 'prefix', expression: `'${prefix}'` };
    const patch = JSON.stringify([{ op: 'replace', path: '/spec/variables/0', value }]);
    const target = { kind: 'ValidatingAdmissionPolicy', name: 'wave-cron-workloads' };
    const it = await stage(t, { prefix, overlay: { patches: [{ target, patch }] } });
    const { namespace } = it.account;
    assertDone(await it.pass(), all('FirstSeen'));
    assert.deepEqual(await it.marks(), marked);
    assertDone(await it.pass({ ownership: 'off' }), all('UpToDate'));
    assert.deepEqual(await it.marks(), unmarked);
    await assertNothingRefused(it);

    await onEach(namespace, {
      metadata: { annotations: { [`${shippedPrefix}/update-on-config-change`]: 'true' } },
    });
    const refused = await it.pass({ annotationPrefix: shippedPrefix });
    assert.deepEqual(reasonsIn(refused), all('Failed'));
    for (const { sentence } of refused.outcomes)
      assert.match(sentence, /wave-cron admission policy \(/);
  });
});
