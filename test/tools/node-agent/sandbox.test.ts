import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { configMap } from '../../../tools/control-plane/objects.ts';
import type { Pod } from '../../../tools/node-agent/pod.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import {
  containerStatus,
  hasEnded,
  podOf,
  restricted,
  restrictedContainer,
  templateOf,
  terminated,
  testAgent,
  waitingReason,
} from '../../../tools/node-agent/testing.ts';

const none = '0000000000000000';

suite('a sandbox', { skip: skipWithoutNodeAgent(), concurrency: 2 }, () => {
  test('runs a container under the declared user and groups, alone, without capabilities and new privileges', async (t) => {
    const { run } = await testAgent(t);
    const securityContext = { ...restricted, fsGroup: 65_530, supplementalGroups: [65_529] };
    const { groups, ...identity } = await run<{ groups: number[] }>(['identity'], {
      spec: { securityContext },
    });
    assert.deepEqual(groups.toSorted(), [65_529, 65_530, 65_531]);
    assert.deepEqual(identity, {
      ...{ uid: 65_532, gid: 65_531, pid: 1, processes: ['1'], hostname: 'pod', cwd: '/' },
      ...{ noNewPrivileges: '1', capabilities: [none, none, none, none] },
    });
  });

  test("lets the container's security context override the Pod's, and drops only what it asks for", async (t) => {
    const { run } = await testAgent(t);
    const identity = await run<{ noNewPrivileges: string; capabilities: string[] }>(['identity'], {
      container: {
        workingDir: '/made/for/it',
        securityContext: { runAsUser: 1234, runAsGroup: 1235, capabilities: { drop: ['CHOWN'] } },
      },
    });
    // The default capabilities of container engines without the first one, which is CHOWN.
    const bounding = '00000000a80425fa';
    assert.deepEqual(identity, {
      ...{ uid: 1234, gid: 1235, groups: [1235], pid: 1, processes: ['1'] },
      ...{ hostname: 'pod', cwd: '/made/for/it' },
      ...{ noNewPrivileges: '0', capabilities: [none, none, bounding, none] },
    });
  });

  test('refuses to run as root, as the status says', async (t) => {
    const { create, namespace, waitForPod } = await testAgent(t);
    const securityContext = { runAsNonRoot: true };
    await create(podOf(namespace, 'root', templateOf(['identity'], { spec: { securityContext } })));
    const pod = await waitForPod(
      'root',
      (it) => waitingReason(it) === 'CreateContainerConfigError',
    );
    assert.deepEqual(containerStatus(pod)?.state, {
      waiting: {
        reason: 'CreateContainerConfigError',
        message:
          'container has runAsNonRoot and image will run as root: set runAsUser to another user than 0',
      },
    });
    assert.equal(pod.status?.phase, 'Pending');
  });

  test('lets a container write only to its volumes if its root is read-only', async (t) => {
    const { run } = await testAgent(t);
    const files = ['/x', '/etc/x', '/tmp/x', '/app/x', '/usr/x', '/scratch/x', '/seen/x'];
    const volumeMounts = [
      { name: 'scratch', mountPath: '/scratch' },
      { name: 'scratch', mountPath: '/seen', readOnly: true },
    ];
    const results = await run(['write', ...files, '/proc/sys/kernel/hostname', '/dev/x'], {
      container: { volumeMounts },
      spec: { volumes: [{ name: 'scratch', emptyDir: {} }] },
    });
    const readOnly = files.slice(0, 5).map((file) => [file, 'EROFS']);
    assert.deepEqual(results, {
      ...Object.fromEntries(readOnly),
      '/scratch/x': 'written',
      '/seen/x': 'EROFS',
      '/proc/sys/kernel/hostname': 'EACCES',
      '/dev/x': 'EACCES',
    });
  });

  test('lets a container write to /tmp if its root is not read-only, but to nothing on the machine', async (t) => {
    const { run } = await testAgent(t);
    const securityContext = { ...restrictedContainer, readOnlyRootFilesystem: false };
    const results = await run(['write', '/tmp/x', '/x', '/app/x', '/usr/x'], {
      container: { securityContext },
    });
    assert.deepEqual(results, {
      '/tmp/x': 'written',
      '/x': 'EACCES',
      '/app/x': 'EROFS',
      '/usr/x': 'EROFS',
    });
  });

  test('takes a root file system from a folder, follows the links in it, and never writes to it', async (t) => {
    // The machine's own root is such a folder, and it has links such as /var/run.
    const images = { 'machine:1': { root: '/', entrypoint: ['/bin/sh', '-c'] } };
    const { agent, create, namespace, waitForPod } = await testAgent(t, { images });
    const script = 'cat /var/run/mine/name; echo x > /tmp/x; echo x > /written-by-a-container';
    const container = {
      image: 'machine:1',
      args: [script],
      securityContext: { runAsUser: 65_532 },
      volumeMounts: [{ name: 'mine', mountPath: '/var/run/mine' }],
    };
    const fieldRef = { fieldPath: 'metadata.name' };
    const volumes = [{ name: 'mine', downwardAPI: { items: [{ path: 'name', fieldRef }] } }];
    const spec = { restartPolicy: 'Never', volumes };
    await create(podOf(namespace, 'pod', templateOf([], { container, spec })));
    await waitForPod('pod', hasEnded);
    assert.match(agent.logs(namespace, 'pod'), /^pod.*\/written-by-a-container: Permission denied/);
    assert.equal(existsSync('/written-by-a-container'), false);
  });

  test('has an address of its own, so two Pods can listen on one port', async (t) => {
    const { agent, create, namespace, waitForPod } = await testAgent(t);
    for (const name of ['one', 'two']) {
      await create(podOf(namespace, name, templateOf(['serve'])));
    }
    const addresses = [];
    for (const name of ['one', 'two']) {
      const pod = await waitForPod(name, () => agent.logs(namespace, name).includes('serving'));
      assert.deepEqual(await agent.get(namespace, name, 8080, '/'), { status: 200, body: name });
      addresses.push(pod.status?.podIP);
    }
    assert.notEqual(addresses[0], addresses[1]);
    await assert.rejects(agent.get(namespace, 'one', 8081, '/'), /ECONNREFUSED/);
  });

  test('reaches only those ports of the machine that the test gives it', async (t) => {
    const open = createServer((_, response) => response.end());
    const closed = createServer((_, response) => response.end());
    const ports = [];
    for (const server of [open, closed]) {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      t.after(() => server.close());
      ports.push((server.address() as AddressInfo).port);
    }
    const { run } = await testAgent(t, { ports: ports.slice(0, 1) });
    const url = (port: number | undefined) => `http://127.0.0.1:${port}/`;
    assert.equal(await run(['fetch', url(ports[0])], { name: 'open' }), 200);
    assert.equal(await run(['fetch', url(ports[1])], { name: 'closed' }), 'ECONNREFUSED');
  });

  test('says why it cannot be set up, and tries again until it can', async (t) => {
    const { agent, api, create, namespace, waitForPod } = await testAgent(t);
    await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
    const volumeMounts = [{ name: 'settings', mountPath: '/etc/tool', subPath: 'b' }];
    const container = { volumeMounts };
    const spec = { volumes: [{ name: 'settings', configMap: { name: 'settings' } }] };
    await create(podOf(namespace, 'pod', templateOf(['serve'], { container, spec })));
    const pod = await waitForPod('pod', (it) => waitingReason(it) === 'RunContainerError');
    assert.match(stateText(pod), /mount: .*\/settings\/b does not exist/);
    await api.patch(path('ConfigMap', namespace, 'settings'), { data: { b: '2' } });
    await waitForPod('pod', () => agent.logs(namespace, 'pod').includes('serving'));
  });

  test('rejects fields that it does not support, instead of running without them', async (t) => {
    const { create, namespace, waitForPod } = await testAgent(t);
    const lifecycle = { preStop: { exec: { command: ['true'] } } };
    await create(podOf(namespace, 'hook', templateOf(['serve'], { container: { lifecycle } })));
    const image = 'example.com/unknown:1';
    await create(podOf(namespace, 'image', templateOf(['serve'], { container: { image } })));
    const volumes = [{ name: 'disk', hostPath: { path: '/' } }];
    await create(podOf(namespace, 'volume', templateOf(['serve'], { spec: { volumes } })));
    const messages = [];
    for (const name of ['hook', 'image', 'volume']) {
      const pod = await waitForPod(name, (it) => / (know|no|kind) /.test(stateText(it)));
      messages.push(stateText(pod));
    }
    assert.match(messages[0] ?? '', /CreateContainerConfigError.*does not know lifecycle/);
    assert.match(messages[1] ?? '', /ErrImagePull.*no image example.com\/unknown:1, only example/);
    assert.match(messages[2] ?? '', /volume disk is of kind hostPath/);
  });

  test('ends with 127 and the reason in the log if the program does not exist', async (t) => {
    const { agent, create, namespace, waitForPod } = await testAgent(t);
    const container = { command: ['/no/such/program'] };
    const spec = { restartPolicy: 'Never' };
    await create(podOf(namespace, 'pod', templateOf([], { container, spec })));
    const pod = await waitForPod('pod', (it) => it?.status?.phase === 'Failed');
    assert.equal(terminated(pod)?.exitCode, 127);
    assert.match(agent.logs(namespace, 'pod'), /\/no\/such\/program: No such file or directory/);
  });
});

const stateText = (pod: Pod | undefined) => JSON.stringify(containerStatus(pod)?.state) ?? '';
