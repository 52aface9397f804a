import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { path } from '../../../tools/control-plane/api.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { startNodeAgent } from '../../../tools/node-agent/node-agent.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import { podOf, templateOf, testImages } from '../../../tools/node-agent/testing.ts';

suite('nothing of the agent is left', { skip: skipWithoutNodeAgent() }, () => {
  test('after stop: no process and no mount, no folder, no Node and no Pod', async (t) => {
    const { api, cluster } = testCluster();
    const namespace = await testNamespace(t);
    const agent = await startNodeAgent({ cluster, namespaces: [namespace], images: testImages });
    for (const name of ['one', 'two']) {
      await api.create(podOf(namespace, name, templateOf(['stubborn'])));
    }
    for (const name of ['one', 'two']) {
      await api.waitFor(path('Pod', namespace, name), () => agent.logs(namespace, name) !== '');
    }
    // Each Pod has a process that holds its namespaces, a container, and a process that waits for each of
    // these.
    assert.ok(processesOf(agent.folder).length >= 4);
    assert.deepEqual(readdirSync(agent.folder), []);
    await agent.stop();
    assert.deepEqual(processesOf(agent.folder), []);
    assert.equal(existsSync(agent.folder), false);
    assert.equal(await api.find(path('Node', undefined, agent.nodeName)), undefined);
    assert.equal(await api.find(path('Lease', 'kube-node-lease', agent.nodeName)), undefined);
    assert.deepEqual(await api.list(path('Pod', namespace)), []);
  });

  test('after a stop while a Pod is being set up', async (t) => {
    const { api, cluster } = testCluster();
    const namespace = await testNamespace(t);
    const agent = await startNodeAgent({ cluster, namespaces: [namespace], images: testImages });
    await api.create(podOf(namespace, 'pod', templateOf(['stubborn'])));
    await api.waitFor(path('Pod', namespace, 'pod'), () => processesOf(agent.folder).length > 0);
    await agent.stop();
    assert.deepEqual(processesOf(agent.folder), []);
    assert.equal(existsSync(agent.folder), false);
  });

  for (const [how, end] of [
    ['an exception', 'throw new Error("from the test");'],
    ['an exit', 'process.exit(0);'],
    ['nothing left to do', ''],
  ] as const) {
    test(`after its process has ended with ${how}`, async (t) => {
      const { child, folder } = await agentInProcess(t, end);
      child.stdin?.end();
      await once(child, 'exit');
      await allGone(folder);
      assert.equal(existsSync(folder), false);
    });
  }

  test('after its process was killed, except an empty folder', async (t) => {
    const { child, folder } = await agentInProcess(t, '');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await allGone(folder);
    // This fails if the folder is not empty.
    rmdirSync(folder);
  });
});

/** Starts an agent with a running Pod in a separate process, which runs `end` when its stdin ends. */
async function agentInProcess(
  t: Parameters<typeof testNamespace>[0],
  end: string,
): Promise<{ child: ChildProcess; folder: string }> {
  const { api } = testCluster();
  const namespace = await testNamespace(t);
  const file = (name: string) =>
    JSON.stringify(join(import.meta.dirname, '../../../tools/node-agent', name));
  const program = `
    import { once } from 'node:events';
    import { startNodeAgent } from ${file('node-agent.ts')};
    import { testImages } from ${file('testing.ts')};
    import { testCluster } from ${file('../control-plane/testing.ts')};
    const { cluster } = testCluster();
    const namespace = ${JSON.stringify(namespace)};
    const agent = await startNodeAgent({ cluster, namespaces: [namespace], images: testImages });
    process.stdout.write(agent.folder);
    process.stdin.resume();
    await once(process.stdin, 'end');
    ${end}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [folder] = await once(child.stdout, 'data');
  await api.create(podOf(namespace, 'pod', templateOf(['stubborn'])));
  const isRunning = (pod?: { status?: Record<string, unknown> }) =>
    pod?.status?.['phase'] === 'Running';
  await api.waitFor(path('Pod', namespace, 'pod'), isRunning);
  return { child, folder: String(folder) };
}

/**
 * Only the kernel ends these processes, because their parent is gone. That happens soon, but may happen
 * after the exit of the parent.
 */
async function allGone(folder: string): Promise<void> {
  assert.notEqual(folder, '');
  for (let attempt = 0; attempt < 200 && processesOf(folder).length > 0; attempt++) await sleep(25);
  assert.deepEqual(processesOf(folder), []);
}

/** The processes that are in a sandbox at `folder`, see its mounts, or have it in their arguments. */
function processesOf(folder: string): string[] {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes.filter((pid) => {
    try {
      const text = ['cmdline', 'mountinfo'].map((file) => readFileSync(`/proc/${pid}/${file}`));
      return [readlinkSync(`/proc/${pid}/root`), ...text].some((it) => it.includes(folder));
    } catch {
      // The process has just ended.
      return false;
    }
  });
}
