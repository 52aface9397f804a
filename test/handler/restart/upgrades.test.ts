/**
 * Applications that are upgraded by another tool while passes run, with restart: if-stale: three times here,
 * and WAVE_CRON_UPGRADES times by `npm run test:upgrades`.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fields } from '../../../tools/control-plane/api.ts';
import { hasKubectl, kubectl } from '../../../tools/control-plane/testing.ts';
import { skipWithoutNodeAgent } from '../../../tools/node-agent/support.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { late } from '../../faults/faults.ts';
import { runHelm, valuesFile } from '../../manifests/chart/helm.ts';
import { overlay } from '../../manifests/kustomize.ts';
import { type App, emptyApp, nextSecond, podSpec, template, workload } from './app.ts';

const upgrades = Number(process.env['WAVE_CRON_UPGRADES'] ?? '3');

/** Values that come, go and come back. */
const levels = ['A', 'B', 'C', 'B', 'A', 'B', 'A', 'D', 'C', 'A', 'E'];
const levelOf = (upgrade: number) => levels[upgrade % levels.length] ?? 'A';

const folder = mkdtempSync(join(tmpdir(), 'wave-cron-upgrades-'));
process.once('exit', () => rmSync(folder, { recursive: true }));

/** What applies the configuration of an upgrade; the first installs. */
type Upgrade = (app: App, level: string, kubeconfig: string) => Promise<unknown>;

const settings = (level: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings' },
  data: { level },
});

const web = (checksum: string, spec: Fields = podSpec()) => {
  const { metadata, ...rest } = workload('Deployment', '', {
    template: template(checksum === '' ? {} : { checksum }, spec),
  });
  const { namespace: _, ...named } = metadata;
  return { ...rest, metadata: named };
};

function checksumChart(): string {
  const chart = join(folder, 'chart');
  mkdirSync(join(chart, 'templates'), { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(chart, name), text);
  write('Chart.yaml', 'apiVersion: v2\nname: app\nversion: 1.0.0\n');
  write(
    'templates/settings.yaml',
    JSON.stringify(settings('LEVEL')).replace('"LEVEL"', '{{ .Values.level | quote }}'),
  );
  const checksum = '{{ include (print $.Template.BasePath "/settings.yaml") . | sha256sum }}';
  write('templates/web.yaml', JSON.stringify(web('CHECKSUM')).replace('CHECKSUM', checksum));
  return chart;
}

const tools: Readonly<Record<string, Upgrade>> = {
  async 'a Helm chart with a checksum annotation'({ namespace }, level, kubeconfig) {
    const values = valuesFile({ level });
    const args = ['upgrade', '--install', 'app', checksumChart(), '--namespace', namespace];
    await runHelm([...args, ...values], kubeconfig);
  },
  async 'a kustomize overlay with generated names'({ namespace }, level, kubeconfig) {
    const made = overlay(
      {
        resources: ['web.yaml'],
        namespace,
        configMapGenerator: [{ name: 'settings', literals: [`level=${level}`] }],
      },
      { 'web.yaml': JSON.stringify(web('')) },
    );
    await kubectl(['apply', '-k', made], kubeconfig);
  },
};

async function apply(app: App, objects: readonly object[], kubeconfig: string): Promise<void> {
  const file = join(folder, `${app.namespace}.json`);
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  await kubectl(['apply', '--namespace', app.namespace, '-f', file], kubeconfig);
}

/** Passes one after the other, until `done` has an answer. */
async function passesUntil(app: App, done: () => Promise<unknown>): Promise<void> {
  const isDone = done().then(() => true);
  while (!(await Promise.race([isDone, pause(0, false)]))) {
    await app.pass();
    await pause(100);
  }
  await app.pass();
}

const skip = skipWithoutNodeAgent() || (hasKubectl() ? false : 'there is no kubectl');

suite(`an application that is upgraded ${upgrades} times`, { skip, concurrency: 3 }, () => {
  for (const [what, upgrade] of Object.entries(tools)) {
    test(`by ${what} is rolled once each, and no Pod is left with an old configuration`, async (t) => {
      const app = await emptyApp(t);
      // Its configuration is written longer before its workload than the tolerance.
      const proxy = await faultProxy(t);
      proxy.on('PATCH', /\/deployments\/web/, ({ forward, reply, ...rest }) =>
        nextSecond().then(() => late(0)({ forward, reply, ...rest })),
      );
      await upgrade(app, levelOf(0), proxy.kubeconfig());
      await app.done();
      await app.pass();
      await app.done();
      await nextSecond();
      const before = await app.rollouts();
      for (let done = 1; done <= upgrades; done += 1) {
        const level = levelOf(done);
        await upgrade(app, level, proxy.kubeconfig());
        await passesUntil(app, () => app.done());
        assert.deepEqual(await app.running(), [level, level]);
        assert.equal(await app.rollouts(), before + done);
        assert.equal(await app.reason(), 'UpToDate');
      }
    });
  }

  test('by a Helm chart with a checksum annotation within the tolerance is rolled twice at the most, and no Pod is left with an old configuration', async (t) => {
    const app = await emptyApp(t);
    const { kubeconfig } = await faultProxy(t);
    const upgrade = tools['a Helm chart with a checksum annotation'] as Upgrade;
    await upgrade(app, levelOf(0), kubeconfig());
    await app.done();
    await app.pass({ clockTolerance: '10s' });
    await app.done();
    for (let done = 1; done <= upgrades; done += 1) {
      const before = await app.rollouts();
      await upgrade(app, levelOf(done), kubeconfig());
      for (let pass = 1; pass <= 2; pass += 1) {
        // The first may find a rollout that has no Pods yet, which it holds.
        await app.pass({ clockTolerance: '10s' });
        await app.done();
      }
      assert.equal(await app.reason({ clockTolerance: '10s' }), 'UpToDate');
      assert.deepEqual(await app.running(), [levelOf(done), levelOf(done)]);
      assert.ok((await app.rollouts()) <= before + 2);
    }
  });

  test('by a plain manifest of its configuration is rolled once each, by wave-cron', async (t) => {
    const app = await emptyApp(t);
    const { kubeconfig } = await faultProxy(t);
    await apply(app, [settings(levelOf(0)), web('')], kubeconfig());
    await app.done();
    await app.pass();
    await app.done();
    const before = await app.rollouts();
    for (let done = 1; done <= upgrades; done += 1) {
      await nextSecond();
      const level = levelOf(done);
      await apply(app, [settings(level), web('')], kubeconfig());
      await app.pass();
      await passesUntil(app, () => app.done());
      assert.deepEqual(await app.running(), [level, level]);
      assert.equal(await app.rollouts(), before + done);
      assert.equal(await app.reason(), 'UpToDate');
    }
  });
});
