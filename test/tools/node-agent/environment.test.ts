import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { configMap, secret } from '../../../tools/control-plane/objects.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { expand } from '../../../tools/node-agent/environment.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import { podOf, templateOf, testAgent, waitingReason } from '../../../tools/node-agent/testing.ts';

suite("a container's variables", { skip: skipWithoutNodeAgent(), concurrency: 2 }, () => {
  test('are those of the image, of sources and of the Pod, and no others', async (t) => {
    const { agent, api, namespace, run } = await testAgent(t);
    await api.create(configMap({ namespace, name: 'settings', data: { 'a.b': '1', C: '2' } }));
    await api.create(
      secret({ namespace, name: 'password', data: { word: 'open' }, planted: false }),
    );
    const field = (name: string, fieldPath: string) => ({
      ...{ name, valueFrom: { fieldRef: { fieldPath } } },
    });
    const env = [
      { name: 'PLAIN', value: 'plain $(C) $$(C) $(NOT_THERE)' },
      { name: 'WORD', valueFrom: { secretKeyRef: { name: 'password', key: 'word' } } },
      { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a.b' } } },
      { name: 'NONE', valueFrom: { configMapKeyRef: { name: 'x', key: 'x', optional: true } } },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } },
      field('POD_NAME', 'metadata.name'),
      field('POD_NAMESPACE', 'metadata.namespace'),
      field('POD_UID', 'metadata.uid'),
      field('POD_LABEL', "metadata.labels['app.kubernetes.io/name']"),
      field('POD_IP', 'status.podIP'),
      field('NODE_NAME', 'spec.nodeName'),
      field('ACCOUNT', 'spec.serviceAccountName'),
    ];
    const envFrom = [
      { configMapRef: { name: 'settings' } },
      { prefix: 'P_', secretRef: { name: 'password' } },
      { secretRef: { name: 'not-there', optional: true } },
    ];
    const resources = { limits: { memory: '64Mi' } };
    const { PATH, ...variables } = await run<Record<string, string>>(['env'], {
      container: { env, envFrom, resources },
    });
    const { metadata, status } = await api.get(`/api/v1/namespaces/${namespace}/pods/pod`);
    const { port } = new URL(testCluster().cluster.url);
    assert.match(PATH ?? '', /^\/opt\/node\/bin:/);
    assert.deepEqual(variables, {
      ...{ HOSTNAME: 'pod', KUBERNETES_SERVICE_HOST: '127.0.0.1' },
      ...{ KUBERNETES_SERVICE_PORT: port, KUBERNETES_SERVICE_PORT_HTTPS: port },
      ...{ 'a.b': '1', C: '2', P_word: 'open', WORD: 'open', KEY: '1' },
      ...{ PLAIN: 'plain 2 $(C) $(NOT_THERE)', MEMORY: String(64 * 1024 * 1024) },
      ...{ POD_NAME: 'pod', POD_NAMESPACE: namespace, POD_UID: metadata.uid },
      ...{ POD_LABEL: 'wave-cron', POD_IP: status?.['podIP'] },
      ...{ NODE_NAME: agent.nodeName, ACCOUNT: 'default' },
    });
  });

  test('keep it waiting if they come from a source that does not exist', async (t) => {
    const { agent, api, create, namespace, waitForPod } = await testAgent(t);
    const container = { envFrom: [{ configMapRef: { name: 'settings' } }] };
    await create(podOf(namespace, 'pod', templateOf(['serve'], { container })));
    await waitForPod('pod', (pod) => waitingReason(pod) === 'CreateContainerConfigError');
    await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
    await waitForPod('pod', () => agent.logs(namespace, 'pod').includes('serving'));
  });

  test('can be in its command and arguments', async (t) => {
    const { run } = await testAgent(t);
    const env = [{ name: 'WHAT', value: "it's $(what)" }];
    assert.equal(await run(['say', '$(WHAT)'], { container: { env } }), "it's $(what)");
  });
});

test('a reference to an unknown variable stays as it is, and $$ is a dollar sign', () => {
  const variables = new Map([['A', '1']]);
  assert.equal(expand('$(A) $(B) $$(A) $A $', variables), '1 $(B) $(A) $A $');
});
