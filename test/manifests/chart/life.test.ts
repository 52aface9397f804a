/**
 * The life of a release of the chart, from installation to uninstallation, with the real Helm and with Pods
 * that the node agent runs. The tests compare everything in the cluster, so they have a control plane of their
 * own.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Fields, type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import {
  type ControlPlane,
  startControlPlane,
} from '../../../tools/control-plane/control-plane.ts';
import { namespace as namespaceObject } from '../../../tools/control-plane/objects.ts';
import { controlPlaneVariable } from '../../../tools/control-plane/running-cluster.ts';
import { hasKubectl, testCluster } from '../../../tools/control-plane/testing.ts';
import { type NodeAgent, startNodeAgent } from '../../../tools/node-agent/node-agent.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import { logLines } from '../../jobs/run-program.ts';
import { application } from '../application.ts';
import { runKubectl } from '../kustomize.ts';
import { programImage } from '../program-image.ts';
import { chart } from './described-values.ts';
import { dump } from './dump.ts';
import { type Helm, helms, image, runHelm, valuesFile } from './helm.ts';

const skip = skipWithoutNodeAgent() || (hasKubectl() ? false : 'there is no kubectl');
const namespace = 'wave-cron';
const release = 'wave-cron';
const prefix = 'config.example.com';

suite('a release of the chart', { skip }, () => {
  let controlPlane: ControlPlane;
  let agent: NodeAgent | undefined;

  before(async () => {
    controlPlane = await startControlPlane();
    process.env[controlPlaneVariable] = controlPlane.folder;
    const { api } = testCluster();
    await api.create(
      namespaceObject(namespace, { 'pod-security.kubernetes.io/enforce': 'restricted' }),
    );
    await api.waitFor(path('ServiceAccount', namespace, 'default'), (it) => it !== undefined);
    agent = await startNodeAgent({
      cluster: controlPlane,
      namespaces: [namespace],
      images: { [`${image.repository}:${image.tag}`]: programImage() },
    });
  });
  after(async () => {
    await agent?.stop();
    await controlPlane?.stop();
  });

  const commandsOf =
    (program: Helm) =>
    (...args: string[]) =>
      runHelm([...args, '--namespace', namespace], controlPlane.kubeconfig, program);
  const withValues = (values: Fields) => valuesFile({ image, ...values });
  const settings = {
    annotationPrefix: prefix,
    ownership: 'finalizer',
    resyncInterval: '1s',
    lease: { durationSeconds: 5 },
  };

  for (const program of helms) {
    test(`is installed, upgraded, rolled back and uninstalled by ${program}, and leaves nothing behind but its hash key`, async (t) => {
      const helm = commandsOf(program);
      const { api, cluster } = testCluster();
      const web = await application(t, prefix);
      const other = await startNodeAgent({ cluster, namespaces: [web.namespace], images: {} });
      t.after(() => other.stop());
      await web.rolledOut();
      const isLeftOut = ({ kind, metadata }: KubernetesObject) =>
        (metadata.namespace === web.namespace && ['ReplicaSet', 'Pod'].includes(kind)) ||
        // The application of the test before may still be under deletion.
        [metadata.namespace, metadata.name].some(
          (name) => name?.startsWith('test-app-') && name !== web.namespace,
        ) ||
        // The hash key stays after an uninstallation. Without it, a later installation could not compare the
        // hashes on the templates.
        (kind === 'Secret' && metadata.name === 'wave-cron-hash-key');
      const before = await dump(api, isLeftOut);

      const asDeployment = withValues({ kind: 'Deployment', settings });
      await helm('install', release, chart, '--wait', ...asDeployment);
      const first = await web.hash();
      await web.owned();
      const [pod = ''] = await podsOf('schedule');

      // Another form of the release, with its own default interval, and a changed setting.
      const { resyncInterval: _, ...others } = settings;
      const asCronJob = withValues({
        schedule: '0 0 1 1 *',
        settings: { ...others, logLevel: 'debug' },
      });
      await helm('upgrade', release, chart, '--wait', ...asCronJob);
      assert.equal(await api.find(path('Deployment', namespace, release)), undefined);
      await api.waitFor(path('Pod', namespace, pod), (it) => it === undefined, {
        timeoutMs: 60_000,
      });
      await web.change('green');
      await runKubectl('-n', namespace, 'create', 'job', 'now', `--from=cronjob/${release}`);
      const second = await web.hash(first);
      const log = () => logLines(agent?.jobLogs(namespace, 'now') ?? '');
      await api.waitFor(path('Job', namespace, 'now'), (job) => isComplete(job), {
        timeoutMs: 60_000,
      });
      assert.ok(log().some(({ level }) => level === 'debug'));

      await helm('rollback', release, '1', '--wait');
      assert.equal(await api.find(path('CronJob', namespace, release)), undefined);
      await web.change('yellow');
      await web.hash(second);
      await web.rolledOut();
      await web.owned();

      // Until then, a pass starts every second.
      await helm('uninstall', release, '--wait');
      await web.unmarked();
      await api.waitFor<{ items: unknown[] }>(
        path('Pod', namespace),
        (it) => it?.items.length === 0,
        { what: 'the end of all Pods of the release', timeoutMs: 60_000 },
      );
      await api.waitFor<{ items: unknown[] }>(
        path('Job', namespace),
        (it) => it?.items.length === 0,
      );
      assert.deepEqual(withoutHashes(await dump(api, isLeftOut)), withoutHashes(before));
    });
  }

  test('stays installed as long as its Job for release fails', async () => {
    const helm = commandsOf('helm');
    const { api } = testCluster();
    const wrong = { workloadSelector: '((' };
    await helm(
      'install',
      release,
      chart,
      ...withValues({ cronJob: { suspend: true }, settings: wrong }),
    );
    await assert.rejects(
      helm('uninstall', release),
      /Job\/wave-cron\/wave-cron-release not ready\. status: Failed/,
    );
    const refused = await api.get(path('Job', namespace, `${release}-release`));
    assert.match(agent?.jobLogs(namespace, `${release}-release`) ?? '', /workloadSelector/);
    assert.ok(await api.find(path('CronJob', namespace, release)));

    // With valid settings again, the uninstallation succeeds.
    const settings = path('ConfigMap', namespace, `${release}-settings`);
    await api.patch(settings, { data: { 'settings.yaml': '{}' } });
    // It also waits for a pass that is running.
    const pass = await heldLease(namespace);
    const uninstalled = helm('uninstall', release, '--wait');
    await api.waitFor(
      path('Job', namespace, `${release}-release`),
      (it) => it?.metadata.uid !== refused.metadata.uid && Number(it?.status?.['failed'] ?? 0) > 0,
      { what: 'a release that has met the pass', timeoutMs: 60_000 },
    );
    await pass.end();
    await uninstalled;
    assert.equal(await api.find(path('CronJob', namespace, release)), undefined);
    assert.equal(await api.find(path('Lease', namespace, 'wave-cron')), undefined);
    assert.equal(await api.find(path('Job', namespace, `${release}-release`)), undefined);
  });

  async function podsOf(component: string): Promise<string[]> {
    const pods = await testCluster().api.list<KubernetesObject>(path('Pod', namespace));
    return pods
      .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === component)
      .map(({ metadata }) => metadata.name);
  }
});

/** Imitates a running pass: it renews the Lease until `end` is called, which releases the Lease. */
async function heldLease(namespace: string): Promise<{ end(): Promise<void> }> {
  const { api } = testCluster();
  let over = false;
  const write = (holderIdentity: string, renewals: number) =>
    api.patch(
      path('Lease', namespace, 'wave-cron'),
      {
        metadata: { annotations: { 'wave.pusher.com/lease-of': 'wave-cron' } },
        spec: {
          ...{ holderIdentity, leaseDurationSeconds: 15 },
          renewTime: `2026-01-01T00:00:00.${String(renewals).padStart(6, '0')}Z`,
        },
      },
      'merge',
    );
  await write('a-pass', 0);
  const renewing = (async () => {
    for (let renewals = 1; !over; renewals++) {
      await pause(300);
      await write('a-pass', renewals);
    }
  })();
  return {
    async end() {
      over = true;
      await renewing;
      await write('', 0);
    },
  };
}

function isComplete(job: KubernetesObject | undefined): boolean {
  const conditions = (job?.status?.['conditions'] ?? []) as { type: string; status: string }[];
  return conditions.some(({ type, status }) => type === 'Complete' && status === 'True');
}

/** The dump without the annotations that stay after an uninstallation, and without the values that the test changed. */
function withoutHashes(all: Record<string, Fields>): Record<string, Fields> {
  const own = ['config-hash', 'config-sources', 'rollout-history', 'written-hash'].map(
    (name) => `${prefix}/${name}`,
  );
  const isOwn = (key: string) =>
    own.includes(key) || key === 'COLOR' || key === 'deployment.kubernetes.io/revision';
  return JSON.parse(JSON.stringify(all), (key, value) => {
    if (isOwn(key)) return undefined;
    const isEmptied = key === 'annotations' && Object.keys(value).length === 0;
    return isEmptied ? undefined : value;
  });
}
