import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { configMap, secret } from '../../../tools/control-plane/objects.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import { podOf, restricted, templateOf, testAgent } from '../../../tools/node-agent/testing.ts';

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

suite('a volume', { skip: skipWithoutNodeAgent(), concurrency: 2 }, () => {
  test('has the keys of a ConfigMap, or those that its items name, as files', async (t) => {
    const { api, namespace, run } = await testAgent(t);
    const binaryData = { bytes: Buffer.from('binary').toString('base64') };
    await api.create(
      configMap({ namespace, name: 'settings', data: { a: '1', b: '2' }, binaryData }),
    );
    const items = [{ key: 'b', path: 'deep/inside/b' }];
    const contents = await run(['read', '/all/a', '/all/b', '/all/bytes', '/some/deep/inside/b'], {
      container: {
        volumeMounts: [
          { name: 'all', mountPath: '/all' },
          { name: 'some', mountPath: '/some' },
        ],
      },
      spec: {
        volumes: [
          { name: 'all', configMap: { name: 'settings' } },
          { name: 'some', configMap: { name: 'settings', items } },
        ],
      },
    });
    assert.deepEqual(contents, ['1', '2', 'binary', '2']);
  });

  test('of a Secret, of the Pod itself, and of several sources in one', async (t) => {
    const { api, namespace, run } = await testAgent(t);
    await api.create(secret({ namespace, name: 'password', data: { word: 'open' } }));
    const labelItem = { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } };
    const cpuItem = {
      path: 'cpu',
      resourceFieldRef: { containerName: 'main', resource: 'limits.cpu' },
    };
    const sources = [
      { secret: { name: 'password' } },
      { downwardAPI: { items: [cpuItem] } },
      { configMap: { name: 'not-there', optional: true } },
    ];
    const mounts = ['secret', 'pod', 'mixed'];
    const contents = await run(
      ['read', '/secret/word', '/pod/labels', '/mixed/word', '/mixed/cpu'],
      {
        labels: { a: 'b' },
        container: {
          volumeMounts: mounts.map((name) => ({ name, mountPath: `/${name}` })),
          resources: { limits: { cpu: '1500m' } },
        },
        spec: {
          volumes: [
            { name: 'secret', secret: { secretName: 'password' } },
            { name: 'pod', downwardAPI: { items: [labelItem] } },
            { name: 'mixed', projected: { sources } },
          ],
        },
      },
    );
    const labels = 'a="b"\napp.kubernetes.io/name="wave-cron"';
    assert.deepEqual(contents, ['open', labels, 'open', '2']);
  });

  test('is mounted as a single file if the mount has a subPath', async (t) => {
    const { api, namespace, run } = await testAgent(t);
    await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
    const contents = await run(['read', '/etc/tool/config'], {
      container: {
        volumeMounts: [{ name: 'settings', mountPath: '/etc/tool/config', subPath: 'a' }],
      },
      spec: { volumes: [{ name: 'settings', configMap: { name: 'settings' } }] },
    });
    assert.deepEqual(contents, ['1']);
  });

  test('keeps its container waiting until its ConfigMap exists, and then follows its changes', async (t) => {
    const { agent, api, create, namespace, waitForPod } = await testAgent(t);
    const container = { volumeMounts: [{ name: 'settings', mountPath: '/settings' }] };
    const spec = { volumes: [{ name: 'settings', configMap: { name: 'settings' } }] };
    await create(
      podOf(namespace, 'pod', templateOf(['watch', '/settings/a'], { container, spec })),
    );
    await waitForPod('pod', (pod) =>
      JSON.stringify(pod).includes('configmap \\"settings\\" not found'),
    );
    await api.create(configMap({ namespace, name: 'settings', data: { a: 'before' } }));
    await waitForPod('pod', () => agent.logs(namespace, 'pod').includes('before'));
    await api.patch(path('ConfigMap', namespace, 'settings'), { data: { a: 'after' } });
    await waitForPod('pod', () => agent.logs(namespace, 'pod').includes('after'));
  });

  test('belongs to the fsGroup, which can write to an emptyDir', async (t) => {
    const { run } = await testAgent(t);
    const modes = await run(['mode', '/scratch', `${accountFolder}/token`], {
      container: { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] },
      spec: {
        securityContext: { ...restricted, fsGroup: 4321 },
        volumes: [{ name: 'scratch', emptyDir: {} }],
      },
    });
    assert.deepEqual(modes, [
      [0, 4321, 0o2777],
      [0, 4321, 0o640],
    ]);
  });
});

suite("a Pod's token", { skip: skipWithoutNodeAgent(), concurrency: 2 }, () => {
  test('is that of its ServiceAccount, and reaches the API server with its certificate', async (t) => {
    const { api, namespace, run } = await testAgent(t);
    const metadata = { namespace, name: 'tool' };
    await api.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    type Answer = { status: number; namespace: string; body: string };
    const answer = await run<Answer>(['api', `/api/v1/namespaces/${namespace}/secrets`], {
      spec: { serviceAccountName: 'tool' },
    });
    assert.deepEqual([answer.status, answer.namespace], [403, namespace]);
    assert.match(answer.body, new RegExp(`system:serviceaccount:${namespace}:tool`));
  });

  test('is bound to the Pod, can be for another audience, and is for the user of the Pod alone', async (t) => {
    const { api, namespace, run } = await testAgent(t);
    const token = { path: 'vault', audience: 'vault', expirationSeconds: 700 };
    const sources = [{ serviceAccountToken: token }];
    const [text = ''] = await run<string[]>(['read', '/tokens/vault'], {
      container: { volumeMounts: [{ name: 'tokens', mountPath: '/tokens' }] },
      spec: { volumes: [{ name: 'tokens', projected: { sources } }] },
    });
    const [, claims = ''] = text.split('.');
    const { aud, exp, iat, ...rest } = JSON.parse(Buffer.from(claims, 'base64url').toString());
    const { metadata } = await api.get(path('Pod', namespace, 'pod'));
    assert.deepEqual([aud, exp - iat], [['vault'], 700]);
    assert.equal(rest['kubernetes.io'].pod.uid, metadata.uid);
    const modes = await run(['mode', `${accountFolder}/token`], { name: 'mode' });
    assert.deepEqual(modes, [[65_532, 0, 0o600]]);
  });

  test('does not exist if the Pod opts out of it', async (t) => {
    const { run } = await testAgent(t);
    const spec = { automountServiceAccountToken: false };
    const results = await run<object>(['write', `${accountFolder}/x`], { spec });
    assert.deepEqual(results, { [`${accountFolder}/x`]: 'ENOENT' });
  });
});
