/** `status` with the permissions of people. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { NamedWorkloads } from '../../../handler/pass/named.ts';
import { type StatusReport, status } from '../../../handler/status/status.ts';
import { wire } from '../../../jobs/wiring.ts';
import { createInspector } from '../../../lib/kubernetes/inspector.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';
import type { WorkloadStatus } from '../../../lib/status/workload-status.ts';
import { secret } from '../../../tools/control-plane/objects.ts';
import { type Rule, serviceAccount, testCluster } from '../../../tools/control-plane/testing.ts';
import { changeSettings, statusShop } from '../../jobs/status-shop.ts';
import { withoutLeak } from '../../secrets/planted.ts';
import { getting, permissionOnNamespace, runPass } from '../run-pass.ts';

const { api, cluster } = testCluster();
const { rollouts } = defaultSettings;

async function reportTo(
  kubeconfig: string,
  namespace: string,
  settings: Partial<Settings> = {},
  only?: NamedWorkloads,
): Promise<StatusReport> {
  const own = { ...defaultSettings, ...settings, kubeconfig };
  const { connection, api: client, deps } = await wire(own, {});
  const { signal } = new AbortController();
  try {
    const inspector = createInspector(client);
    return await withoutLeak('status', () =>
      status({ settings: own, namespace, ...(only && { only }) }, { ...deps, inspector, signal }),
    );
  } finally {
    connection.close();
  }
}

const listing: Rule = {
  apiGroups: ['apps'],
  resources: ['deployments', 'statefulsets', 'daemonsets'],
  verbs: ['list'],
};

const statesIn = ({ workloads }: StatusReport) =>
  Object.fromEntries(
    workloads.map(({ name, state, certain }) => [name, certain ? state : `${state}?`]),
  );

function statusIn({ workloads }: StatusReport, name: string): WorkloadStatus {
  const found = workloads.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no status of ${name}`);
  return found;
}

suite('status', { concurrency: true }, () => {
  test('says in its row if the caller may not read a source, and shows the rest', async (t) => {
    const namespace = await statusShop(t);
    const { kubeconfig } = await serviceAccount(t, {
      namespace,
      rules: [listing, getting('configmaps'), permissionOnNamespace],
    });
    const report = await reportTo(kubeconfig, namespace);
    assert.deepEqual(statesIn(report), {
      ...{ lost: 'MissingSource', closed: 'Unknown?', idle: 'RolledOut', web: 'RolledOut' },
    });
    assert.match(
      statusIn(report, 'closed').sentence,
      /^not known, because a source could not be read with your permissions: .*Secret\/password/,
    );
  });

  test('uses the times of writes and the records of passes if the caller may not read the hash key', async (t) => {
    const namespace = await statusShop(t);
    await api.create(
      secret({ namespace, name: 'hash-key', data: { key: 'x'.repeat(32) }, planted: false }),
    );
    const settings = { hashKey: `${namespace}/hash-key`, ownership: 'off' } as const;
    await runPass(namespace, { settings });
    const { kubeconfig } = await serviceAccount(t, {
      namespace,
      rules: [listing, getting('configmaps'), permissionOnNamespace],
    });
    const before = await reportTo(kubeconfig, namespace, settings);
    assert.deepEqual(statesIn(before), {
      ...{ lost: 'MissingSource', closed: 'Unknown?', idle: 'RolledOut?', web: 'RolledOut?' },
    });
    assert.match(before.hashKeyProblem ?? '', /hash-key \(setting hashKey\) cannot be read/);
    await nextSecond();
    await changeSettings(namespace, 'debug');
    const changed = statusIn(await reportTo(kubeconfig, namespace, settings), 'web');
    assert.deepEqual([changed.state, changed.certain], ['ConfigChanged', false]);
    assert.deepEqual(changed.changed, ['ConfigMap/settings']);
    const paused = { ...rollouts, paused: 'true' };
    await runPass(namespace, { settings: { ...settings, rollouts: paused } });
    const held = statusIn(await reportTo(kubeconfig, namespace, settings), 'web');
    assert.deepEqual([held.state, held.certain], ['Paused', false]);
  });

  test('of some workloads is the same as in a complete report', async (t) => {
    const namespace = await statusShop(t);
    await changeSettings(namespace, 'debug');
    const all = await reportTo(cluster.kubeconfig, namespace);
    const named = ['web', 'lost', 'deleted'].map((name) => {
      return { kind: 'Deployment', namespace, name } as const;
    });
    const only = { workloads: named, underWay: () => [] };
    const some = await reportTo(cluster.kubeconfig, namespace, {}, only);
    const isNamed = ({ name }: WorkloadStatus) => ['web', 'lost'].includes(name);
    assert.deepEqual(some.workloads, all.workloads.filter(isNamed));
    assert.equal(some.incomplete, null);
  });
});

/** Waits until the next second, because times in the API are whole seconds. */
const nextSecond = () => new Promise((resolve) => setTimeout(resolve, 1_100));
