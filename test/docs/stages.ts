/** The preparation that the commands on each page need, and the results that the page promises. */
import assert from 'node:assert/strict';
import { version } from '../../lib/version.ts';
import { type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import { findBinaries } from '../../tools/control-plane/binaries.ts';
import { configMap, deployment, namespace, using } from '../../tools/control-plane/objects.ts';
import type { NodeAgentOptions } from '../../tools/node-agent/node-agent.ts';
import { programImage } from '../manifests/program-image.ts';
import type { Reader } from './clone.ts';
import { blocksOf } from './pages.ts';

export type Stage = {
  /** The folder of the first command, next to the clone; by default the clone itself. */
  folder?: string;
  /**
   * The namespaces whose Pods run, and their images. If this function is not given, no Pods run.
   */
  runs?(): Pick<NodeAgentOptions, 'namespaces' | 'images'>;
  prepare?(you: Reader, page: string): Promise<void>;
  /** @param outputs the outputs of the blocks, in order */
  check?(you: Reader, outputs: readonly string[]): Promise<void>;
};

const optedIn = { 'wave.pusher.com/update-on-config-change': 'true' };

async function makeNamespace({ api }: Reader, name: string): Promise<void> {
  if ((await api.find(path('Namespace', undefined, name))) !== undefined) return;
  await api.create(namespace(name));
}

const pod = using({ configMap: 'settings' });

/**
 * Creates Deployment `web` in namespace `shop`. It opted in, a pass has rolled it, and its ConfigMap has
 * changed since then.
 */
async function shop(you: Reader): Promise<void> {
  const { api, run } = you;
  const name = 'shop';
  if ((await api.find(path('Namespace', undefined, name))) !== undefined) return;
  await makeNamespace(you, name);
  await api.create(configMap({ namespace: name, name: 'settings', data: { LEVEL: 'info' } }));
  await api.create(deployment({ namespace: name, name: 'web', annotations: optedIn, pod }));
  await run('npx wave-cron once --namespaces shop');
  await api.patch(path('ConfigMap', name, 'settings'), { data: { LEVEL: 'debug' } });
}

/** Changes the configuration of this Deployment again. The change needs an approval, so it is held. */
async function held({ api, run }: Reader): Promise<void> {
  await run('kubectl annotate namespace shop wave.pusher.com/rollout-approval=required');
  await api.patch(path('ConfigMap', 'shop', 'settings'), { data: { LEVEL: 'trace' } });
  await run('npx wave-cron once --namespaces shop');
}

/** The files that the page tells a reader to create for its first example. */
function firstExample(page: string): Record<string, string> {
  const text = blocksOf(page).find(({ language }) => language === 'yaml')?.text ?? '';
  assert.match(text, /^# kustomization.yaml\n/);
  return { 'overlay/kustomization.yaml': text };
}

/** All files that the page shows with their names, in a folder next to the clone or in the clone itself. */
function filesOf(page: string, folder: string): Record<string, string> {
  const named = blocksOf(page).flatMap(({ language, text }) => {
    const [, name] = /^# (\S+\.yaml)\n/.exec(text) ?? [];
    return language === 'yaml' && name !== undefined ? [[`${folder}/${name}`, text] as const] : [];
  });
  return Object.fromEntries(named);
}

/** Installs wave-cron as docs/install.md begins, from the folder `overlay`. */
async function installed(you: Reader): Promise<void> {
  you.write(firstExample('docs/install.md'));
  await you.run('kubectl apply -k .', 'overlay');
}

export const stages: Readonly<Record<string, Stage>> = {
  'README.md': { prepare: shop },
  'docs/explain.md': { prepare: shop },
  'docs/gitops.md': {
    prepare: shop,
    async check({ api }) {
      const events = await api.list<KubernetesObject & { reason: string }>(path('Event', 'shop'));
      assert.deepEqual(
        events.filter(({ reason }) => reason === 'FirstSeen' || reason === 'ConfigChanged'),
        [],
      );
    },
  },
  'docs/helm.md': {
    runs: () => ({
      namespaces: ['wave-cron', 'team-a'],
      images: { [`registry.example.com/wave-cron:${version}`]: programImage() },
    }),
    async prepare(you, page) {
      const { helm } = await findBinaries(['helm']);
      you.provide(helm);
      you.write(filesOf(page, 'wave-cron'));
      for (const name of ['team-a', 'team-b']) await makeNamespace(you, name);
    },
    async check({ api, run }) {
      for (const kind of ['CronJob', 'Deployment', 'Job', 'Lease'] as const)
        assert.deepEqual(await api.list(path(kind, 'wave-cron')), []);
      assert.match(await run('cat rendered.yaml'), /^kind: CronJob$/m);
      await run('helm uninstall team-wave-cron --namespace team-a');
    },
  },
  'docs/install.md': {
    folder: 'overlay',
    async prepare(you, page) {
      you.write(firstExample(page));
    },
    async check({ api }) {
      assert.equal(await api.find(path('CronJob', 'wave-cron', 'wave-cron')), undefined);
      assert.equal(await api.find(path('ClusterRole', undefined, 'wave-cron')), undefined);
    },
  },
  'docs/migration.md': {
    async prepare(you) {
      await makeNamespace(you, 'reloaded');
      const annotations = { 'reloader.stakater.com/auto': 'true' };
      await you.api.create(deployment({ namespace: 'reloaded', name: 'web', annotations }));
    },
    async check(_you, outputs) {
      assert.match(outputs.join(''), /^ *1 "reloader.stakater.com\/auto": "true"$/m);
    },
  },
  'docs/notifications.md': {
    async check({ api }, outputs) {
      const messages = outputs.join('');
      assert.match(messages, /^ {2}sink example \(slack\) +sent$/m);
      assert.match(messages, /"text":"wave-cron example: test message"/);
      assert.match(messages, /"text":"wave-cron example: 1 rolled out \(1 FirstSeen\)"/);
      assert.equal(await api.find(path('Namespace', undefined, 'wave-cron-example')), undefined);
    },
  },
  'docs/ownership.md': {
    async prepare({ api, run }) {
      const at = { namespace: 'default', name: 'web', annotations: optedIn };
      const { metadata, ...web } = deployment(at);
      const finalizers = ['wave.pusher.com/finalizer'];
      await api.create({ ...web, metadata: { ...metadata, finalizers } });
      await run('kubectl create secret generic credentials --from-literal=user=web');
    },
    async check({ api }) {
      const { metadata } = await api.get(path('Deployment', 'default', 'web'));
      assert.equal(metadata.finalizers, undefined);
    },
  },
  'docs/operations.md': {
    async prepare(you) {
      await shop(you);
      await installed(you);
    },
    async check({ api }) {
      const { spec } = await api.get(path('CronJob', 'wave-cron', 'wave-cron'));
      assert.equal(spec?.['suspend'], false);
    },
  },
  'docs/quick-start.md': {
    async check({ api }, outputs) {
      assert.match(outputs.join(''), /^3 \(current\) .* ConfigMap\/web-config changed$/m);
      assert.equal(await api.find(path('Namespace', undefined, 'wave-cron-example')), undefined);
    },
  },
  'docs/rollouts.md': {
    async prepare(you) {
      await shop(you);
      await held(you);
    },
    async check({ api, run }, outputs) {
      assert.match(outputs.join(''), /^Approved [0-9a-f]{12} for Deployment shop\/web/m);
      const { metadata } = await api.get(path('Deployment', 'shop', 'web'));
      assert.equal(metadata.annotations?.['wave.pusher.com/pending-config'], undefined);
      await run(
        'kubectl annotate namespace shop wave.pusher.com/rollout-approval- wave.pusher.com/rollout-pause-',
      );
    },
  },
  'docs/security.md': {
    async prepare(you) {
      await installed(you);
      // Passes for earlier pages have created this Secret, as the settings of the installation require.
      await you.run('kubectl -n wave-cron delete secret wave-cron-hash-key --ignore-not-found');
    },
    async check({ api }) {
      const { data } = await api.get(path('Secret', 'wave-cron', 'wave-cron-hash-key'));
      assert.deepEqual(Object.keys(data ?? {}).sort(), ['key', 'previous']);
    },
  },
  'docs/status.md': { prepare: shop },
  'docs/troubleshooting.md': {
    async prepare(you) {
      await shop(you);
      await installed(you);
      await you.api.create(
        deployment({ namespace: 'shop', name: 'old', annotations: optedIn, pod }),
      );
      await you.run(
        'npx wave-cron once --namespaces shop --lease-namespace wave-cron --ownership finalizer',
      );
      await you.api.delete(path('Deployment', 'shop', 'old'));
      assert.ok(await you.api.find(path('Deployment', 'shop', 'old')), 'its finalizer keeps it');
    },
    async check({ api }) {
      await api.waitFor(path('Deployment', 'shop', 'old'), (it) => it === undefined);
    },
  },
};
