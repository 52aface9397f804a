import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnreachableError, UsageError } from '../../lib/errors.ts';
import { isComplete } from '../../lib/rules/report.ts';
import { shardOf } from '../../lib/rules/shards.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { auditFromHere } from '../../tools/control-plane/audit.ts';
import {
  configMap,
  daemonSet,
  deployment,
  statefulSet,
  using,
} from '../../tools/control-plane/objects.ts';
import {
  randomName,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../tools/control-plane/testing.ts';
import { faultProxy } from '../faults/fault-proxy.ts';
import {
  getting,
  optedIn,
  permissionOnNamespace,
  permissionsOnEvents,
  permissionsOnWorkloads,
  prefix,
  reasonsIn,
  runPass,
} from './run-pass.ts';

const { api, cluster } = testCluster();

const pod = using({ configMap: 'settings' });

async function settingsIn(namespace: string): Promise<void> {
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
}

/** Three namespaces with a Deployment each. Only they use this annotation prefix. */
async function threeNamespaces(t: Parameters<typeof testNamespace>[0]) {
  const annotationPrefix = `${randomName('wave')}.example.com`;
  const team = randomName('team');
  const namespaces = await Promise.all([
    testNamespace(t, { team }),
    testNamespace(t, { team }),
    testNamespace(t),
  ]);
  await Promise.all(
    namespaces.map(async (namespace) => {
      await settingsIn(namespace);
      const annotations = { [`${annotationPrefix}/update-on-config-change`]: 'true' };
      await api.create(deployment({ namespace, name: 'web', annotations, pod }));
    }),
  );
  const [a = '', b = '', c = ''] = namespaces;
  const handled = async (settings: Partial<Settings>) => {
    const plan = { write: false, settings: { annotationPrefix, namespaces: [], ...settings } };
    const { outcomes, listProblems } = await runPass('', plan);
    assert.deepEqual(listProblems, []);
    return new Set(outcomes.map(({ namespace }) => namespace));
  };
  return { a, b, c, team, handled };
}

test('the namespaces of a pass are all, some, all but some, or those that a selector matches', async (t) => {
  const { a, b, c, team, handled } = await threeNamespaces(t);
  const cases: [string, Partial<Settings>, string[]][] = [
    ['all namespaces if none is named', {}, [a, b, c]],
    ['some', { namespaces: [a, c] }, [a, c]],
    [
      'some namespaces, and others that are ignored',
      { namespaces: [a], ignoreNamespaces: [b] },
      [a],
    ],
    ['one that does not exist has no workloads', { namespaces: [a, 'no-such-namespace'] }, [a]],
    ['all but one', { ignoreNamespaces: [b] }, [a, c]],
    ['all but two', { ignoreNamespaces: [b, c] }, [a]],
    ['a selector', { namespaceSelector: `team=${team}` }, [a, b]],
    ['a selector of a set', { namespaceSelector: `team in (${team},x)` }, [a, b]],
    ['a selector that matches none', { namespaceSelector: 'team=nobody-of-this-name' }, []],
    ['a selector, but one', { namespaceSelector: `team=${team}`, ignoreNamespaces: [a] }, [b]],
  ];
  for (const [name, settings, expected] of cases) {
    await t.test(name, async () => assert.deepEqual(await handled(settings), new Set(expected)));
  }
});

test('a workloadSelector leaves out the workloads whose labels do not match', async (t) => {
  const namespace = await testNamespace(t);
  await settingsIn(namespace);
  const make = (name: string, labels: Record<string, string>) =>
    api.create(deployment({ namespace, name, labels, annotations: optedIn, pod }));
  await make('a', { tier: 'front' });
  await make('b', { tier: 'back' });
  await make('c', {});
  const handled = async (workloadSelector: string) =>
    Object.keys(
      reasonsIn(await runPass(namespace, { write: false, settings: { workloadSelector } })),
    );
  assert.deepEqual(await handled('tier=front'), ['Deployment/a']);
  assert.deepEqual(await handled('tier notin (front)'), ['Deployment/b', 'Deployment/c']);
  assert.deepEqual(await handled('tier'), ['Deployment/a', 'Deployment/b']);
});

async function oneOfEachKind(namespace: string): Promise<void> {
  await settingsIn(namespace);
  for (const make of [deployment, statefulSet, daemonSet])
    await api.create(make({ namespace, name: 'web', annotations: optedIn, pod }));
}

test('only the kinds of the setting are listed', async (t) => {
  const namespace = await testNamespace(t);
  await oneOfEachKind(namespace);
  const { kubeconfig } = await serviceAccount(t, {
    namespace,
    rules: [
      { apiGroups: ['apps'], resources: ['deployments', 'daemonsets'], verbs: ['list', 'patch'] },
      permissionOnNamespace,
      getting('configmaps'),
      permissionsOnEvents,
    ],
  });
  const report = await runPass(namespace, {
    kubeconfig,
    settings: { kinds: ['Deployment', 'DaemonSet'] },
  });
  assert.deepEqual(reasonsIn(report), {
    'DaemonSet/web': 'FirstSeen',
    'Deployment/web': 'FirstSeen',
  });
  assert.ok(isComplete(report));
});

test('a kind that may not be listed is reported, makes the pass incomplete, and does not block other kinds', async (t) => {
  const namespace = await testNamespace(t);
  await oneOfEachKind(namespace);
  const { kubeconfig } = await serviceAccount(t, {
    namespace,
    rules: [
      { apiGroups: ['apps'], resources: ['deployments', 'daemonsets'], verbs: ['list', 'patch'] },
      permissionOnNamespace,
      getting('configmaps'),
      permissionsOnEvents,
    ],
  });
  const report = await runPass(namespace, { kubeconfig });
  assert.deepEqual(reasonsIn(report), {
    'DaemonSet/web': 'FirstSeen',
    'Deployment/web': 'FirstSeen',
  });
  assert.equal(report.pass, 'Completed');
  assert.equal(isComplete(report), false);
  const [problem, ...more] = report.listProblems;
  assert.deepEqual(more, []);
  assert.equal(problem?.what, `StatefulSets of namespace ${namespace}`);
  assert.match(problem.why, /^statefulsets\.apps is forbidden: .* \[HTTP 403\]$/);
});

const isUnreachable = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UnreachableError, String(error));
  assert.match(error.message, message);
  assert.doesNotMatch(error.message, /\n/);
  return true;
};

test('if nothing may be listed, the cluster counts as unreachable', async (t) => {
  const namespace = await testNamespace(t);
  await oneOfEachKind(namespace);
  const { kubeconfig } = await serviceAccount(t, { namespace, rules: [getting('configmaps')] });
  await assert.rejects(
    runPass(namespace, { kubeconfig }),
    isUnreachable(/^no workload could be listed: \w+\.apps is forbidden: .* \[HTTP 403\]$/),
  );
});

test('an account that may not list in all namespaces gets a message with the setting that names some', async (t) => {
  const namespace = await testNamespace(t);
  const { kubeconfig } = await serviceAccount(t, { namespace, rules: permissionsOnWorkloads });
  await assert.rejects(
    runPass(namespace, { kubeconfig, settings: { namespaces: [] } }),
    isUnreachable(
      /at the cluster scope \[HTTP 403\]; if the permissions are for some namespaces only, list these in the setting namespaces$/,
    ),
  );
});

test('if the namespaces of a selector may not be listed, the cluster counts as unreachable', async (t) => {
  const namespace = await testNamespace(t);
  const { kubeconfig } = await serviceAccount(t, { namespace, rules: permissionsOnWorkloads });
  await assert.rejects(
    runPass(namespace, { kubeconfig, settings: { namespaces: [], namespaceSelector: 'a=b' } }),
    isUnreachable(
      /^the namespaces of namespaceSelector could not be listed: namespaces is forbidden: .* \[HTTP 403\]$/,
    ),
  );
});

test('a cluster that refuses the connection or does not exist is reported in one line with the cause', {
  concurrency: true,
}, async (t) => {
  const { url } = await faultProxy(t, { tls: false });
  const stranger = {
    commonName: 'stranger',
    organizations: ['system:masters'],
    notAfter: new Date('2024-01-02T03:04:05Z'),
  };
  const cases: [string, string, RegExp][] = [
    [
      'nothing listens',
      cluster.kubeconfigFor({ token: 'x' }, { url: 'https://127.0.0.1:9' }),
      /^no workload could be listed: connection refused \(https:\/\/127\.0\.0\.1:9, ECONNREFUSED\)$/,
    ],
    [
      'no such name',
      cluster.kubeconfigFor({ token: 'x' }, { url: 'https://no-such-host.invalid' }),
      /^no workload could be listed: the host name of the server cannot be resolved( at the moment)? \(https:\/\/no-such-host\.invalid, E\w+\)$/,
    ],
    [
      'a wrong token',
      cluster.kubeconfigFor({ token: 'wrong' }),
      /^no workload could be listed: Unauthorized \[HTTP 401\]$/,
    ],
    [
      'an expired client certificate',
      cluster.kubeconfigFor(cluster.clientCertificate(stranger)),
      /^no workload could be listed: Unauthorized \(the client certificate expired on 2024-01-02T03:04:05\.000Z\) \[HTTP 401\]$/,
    ],
    [
      'a server that does not speak TLS',
      cluster.kubeconfigFor({ token: 'x' }, { url: url.replace('http:', 'https:') }),
      /^no workload could be listed: no TLS connection is possible with https:\S+ \(wrong version number\)$/,
    ],
  ];
  await Promise.all(
    cases.map(([name, kubeconfig, message]) =>
      t.test(name, () =>
        assert.rejects(runPass('default', { kubeconfig }), isUnreachable(message)),
      ),
    ),
  );
});

test('sources that only the node uses, and not the Pods, are not read', async (t) => {
  const namespace = await testNamespace(t);
  const { kubeconfig } = await serviceAccount(t, {
    namespace,
    rules: [...permissionsOnWorkloads, permissionsOnEvents],
  });
  const secretRef = { name: 'storage' };
  await api.create(
    deployment({
      namespace,
      name: 'web',
      annotations: optedIn,
      pod: {
        imagePullSecrets: [{ name: 'registry' }],
        volumes: [
          { name: 'a', csi: { driver: 'example.com', nodePublishSecretRef: secretRef } },
          {
            name: 'b',
            iscsi: {
              targetPortal: '10.0.0.1',
              iqn: 'iqn.2001-04.com.example:x',
              lun: 0,
              secretRef,
            },
          },
          { name: 'c', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
        ],
      },
    }),
  );
  // The account may not read any source. If the pass tried, it would leave the workload alone.
  const report = await runPass(namespace, { kubeconfig });
  assert.deepEqual(reasonsIn(report), { 'Deployment/web': 'UpToDate' });
});

test('with a custom prefix, all annotations have it, and those with the default prefix have no effect', async (t) => {
  const namespace = await testNamespace(t);
  await settingsIn(namespace);
  const annotationPrefix = 'wave.example.com';
  const own = { [`${annotationPrefix}/update-on-config-change`]: 'true' };
  await api.create(deployment({ namespace, name: 'own', annotations: own, pod }));
  await api.create(deployment({ namespace, name: 'theirs', annotations: optedIn, pod }));
  await api.create(
    deployment({
      namespace,
      name: 'ignores',
      annotations: {
        ...own,
        [`${annotationPrefix}/ignore-configmaps`]: 'settings',
        [`${prefix}/extra-configmaps`]: 'no such name',
      },
      pod,
    }),
  );
  const settings = { annotationPrefix };
  assert.deepEqual(reasonsIn(await runPass(namespace, { settings })), {
    'Deployment/ignores': 'UpToDate',
    'Deployment/own': 'FirstSeen',
  });
  type Template = { spec: { template: { metadata: { annotations: Record<string, string> } } } };
  const { spec } = await api.get<Template>(`/apis/apps/v1/namespaces/${namespace}/deployments/own`);
  assert.deepEqual(Object.keys(spec.template.metadata.annotations), [
    `${annotationPrefix}/config-hash`,
    `${annotationPrefix}/config-sources`,
  ]);
  await api.patch(`/api/v1/namespaces/${namespace}/configmaps/settings`, { data: { a: '2' } });
  assert.deepEqual(reasonsIn(await runPass(namespace, { settings })), {
    'Deployment/ignores': 'UpToDate',
    'Deployment/own': 'ConfigChanged',
  });
});

test('each namespace is handled by exactly one shard, however the namespaces are chosen', async (t) => {
  const { a, b, c, team, handled } = await threeNamespaces(t);
  const cases: [Partial<Settings>, string[]][] = [
    [{}, [a, b, c]],
    [{ namespaces: [a, b, c] }, [a, b, c]],
    [{ namespaceSelector: `team=${team}` }, [a, b]],
  ];
  for (const [settings, expected] of cases) {
    for (const count of [2, 3]) {
      const shards = await Promise.all(
        Array.from({ length: count }, (_, index) =>
          handled({ ...settings, shard: { count, index } }),
        ),
      );
      const all = shards.flatMap((namespaces, index) =>
        [...namespaces].map((namespace) => [namespace, index]),
      );
      const wanted = expected.map((namespace) => [namespace, shardOf(namespace, count)]);
      assert.deepEqual(all.sort(), wanted.sort());
    }
    // A plan without the index of a shard covers all shards.
    assert.deepEqual(await handled({ ...settings, shard: { count: 3 } }), new Set(expected));
  }
});

test('a shard sends no request about a named namespace of another shard, and says which shard it is', async (t) => {
  const { a, b } = await threeNamespaces(t);
  const count = 2;
  const named = [a, b];
  const index = shardOf(a, count);
  const own = named.filter((namespace) => shardOf(namespace, count) === index);
  const audit = await auditFromHere(cluster);
  const report = await runPass('', { settings: { namespaces: named, shard: { count, index } } });
  assert.equal(report.shard, `${index}/${count}`);
  const entries = await audit.entries({ userAgent: /^wave-cron\//, namespace: named });
  assert.deepEqual(new Set(entries.map(({ objectRef }) => objectRef?.namespace)), new Set(own));
});

test('a pass that writes does not start if there are shards and its own index is unknown', async () => {
  await assert.rejects(runPass('default', { settings: { shard: { count: 2 } } }), UsageError);
});
