import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, type TestContext, test } from 'node:test';
import { complete } from '../../../jobs/commands/complete.ts';
import {
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { testProgram } from '../completion/program-of-a-test.ts';
import { runProgram } from '../run-program.ts';

const nothing = ':4\n';

/** Returns the address of a server that accepts requests and sends no responses. */
async function silentServer(t: TestContext): Promise<string> {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const kubeconfigOf = (user: object, server: string) =>
  JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'a' },
    clusters: [{ name: 'a', cluster: { server } }],
    users: [{ name: 'a', user }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
  });

async function temporary(t: TestContext, text: string): Promise<string> {
  const { mkdtemp, rm, writeFile } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const folder = await mkdtemp(`${tmpdir()}/wave-cron-completion-`);
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(`${folder}/kubeconfig`, text);
  return `${folder}/kubeconfig`;
}

suite('completions', { concurrency: true }, () => {
  test('need no cluster for commands, options and files', async () => {
    const environment = { KUBECONFIG: '/nowhere' };
    assert.match(await complete(testProgram(), ['exp'], environment), /^explain\t.*\n:4\n$/);
    assert.equal(await complete(testProgram(), ['explain', '--config', ''], environment), ':0\n');
    assert.equal(
      await complete(testProgram(), [], environment).then((it) => it.includes('explain')),
      true,
    );
  });

  test('are none without a cluster, or without permission', async (t) => {
    const words = ['explain', 'deploy/'];
    assert.equal(await complete(testProgram(), words, { KUBECONFIG: '/nowhere' }), nothing);
    const invalid = ['explain', 'unknown/'];
    const { kubeconfig: admin } = testCluster().cluster;
    assert.equal(await complete(testProgram(), invalid, { KUBECONFIG: admin }), nothing);
    const namespace = await testNamespace(t);
    const { kubeconfig } = await serviceAccount(t, { namespace });
    assert.equal(await complete(testProgram(), words, { KUBECONFIG: kubeconfig }), nothing);
  });

  test('are none if the cluster does not answer in time, and the program prints no error and does not prompt', async (t) => {
    const server = await silentServer(t);
    const slow = { command: 'sleep', args: ['60'], apiVersion: 'client.authentication.k8s.io/v1' };
    for (const user of [{ token: 'a' }, { exec: { ...slow, interactiveMode: 'IfAvailable' } }]) {
      const kubeconfig = await temporary(t, kubeconfigOf(user, server));
      const env = { KUBECONFIG: kubeconfig };
      const began = performance.now();
      const run = await runProgram(['__complete', 'explain', 'deploy/'], env);
      assert.deepEqual(run, { status: 0, stdout: nothing, stderr: '' });
      assert.ok(performance.now() - began < 30_000);
    }
  });
});
