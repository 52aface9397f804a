/** `kubectl wave-cron` with the real kubectl, and with the commands that npm installs. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { suite, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { defaultSettings } from '../../lib/settings/schema.ts';
import { path } from '../../tools/control-plane/api.ts';
import { configMap, deployment, using } from '../../tools/control-plane/objects.ts';
import { hasKubectl, testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { optedIn, runPass } from '../handler/run-pass.ts';
import { installedPath } from './installed-program.ts';

const run = promisify(execFile);
const skip = hasKubectl() ? false : 'there is no kubectl';
const { api, cluster } = testCluster();

async function kubectl(...args: readonly string[]): Promise<string> {
  const env = {
    ...{ PATH: installedPath(), HOME: '/nowhere', WAVE_INSTALLATION: 'none' },
    KUBECONFIG: cluster.kubeconfig,
  };
  return (await run('kubectl', args, { env })).stdout;
}

async function held(t: TestContext): Promise<string> {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  const pod = using({ configMap: 'settings' });
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  const rollouts = { ...defaultSettings.rollouts, approval: 'required' } as const;
  await runPass(namespace, { settings: { rollouts } });
  return namespace;
}

suite('kubectl wave-cron', { skip, concurrency: true }, () => {
  test('runs the commands', async (t) => {
    const namespace = await held(t);
    const explained = await kubectl('wave-cron', 'explain', 'deployment/web', '-n', namespace);
    assert.match(explained, new RegExp(`^Deployment ${namespace}/web\n`));
    assert.match(explained, /AwaitingApproval/);
  });

  test('has its own name in the help', async () => {
    const all = await kubectl('wave-cron', '--help');
    assert.match(all, /^Usage: kubectl wave-cron \[options\] \[command\]$/m);
    const one = await kubectl('wave-cron', 'status', '--help');
    assert.match(one, /^Usage: kubectl wave-cron status \[options\]$/m);
    const plain = await run('wave-cron', ['--help'], { env: { PATH: installedPath() } });
    assert.match(plain.stdout, /^Usage: wave-cron \[options\] \[command\]$/m);
  });

  test('is listed as a plugin, which hides no other command', async () => {
    assert.match(await kubectl('plugin', 'list'), /\/kubectl-wave_cron$/m);
  });

  test('is completed by kubectl, with names of the cluster', async (t) => {
    const namespace = await held(t);
    assert.match(await kubectl('__complete', 'wave-cron', 'expl'), /^explain\t.+\n:4\n/);
    const words = ['explain', '-n', namespace, 'deployment/'];
    assert.match(await kubectl('__complete', 'wave-cron', ...words), /^deployment\/web\n:4\n/);
  });

  test('runs no command during completion', async (t) => {
    const namespace = await held(t);
    const words = ['approve', '--yes', '-n', namespace, 'deployment/web'];
    assert.match(await kubectl('__complete', 'wave-cron', ...words, ''), /^:4\n/);
    const { metadata } = await api.get<{ metadata: { annotations: object } }>(
      path('Deployment', namespace, 'web'),
    );
    assert.deepEqual(
      Object.keys(metadata.annotations).filter((name) => name.endsWith('/approved-config')),
      [],
    );
  });
});
