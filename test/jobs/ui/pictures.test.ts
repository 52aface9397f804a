/**
 * The pictures of the page in the docs. The test only checks them. With UPDATE=1, it creates them again
 * in a namespace `shop`. This is best done with a separate control plane:
 *
 *     UPDATE=1 npx node --test --test-global-setup=tools/control-plane/global-setup.ts test/jobs/ui/pictures.test.ts
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import { skipWithoutChromium, startChromium } from '../../../tools/browser/chromium.ts';
import { path } from '../../../tools/control-plane/api.ts';
import {
  configMap,
  deployment,
  namespace as namespaceObject,
  secret,
  using,
} from '../../../tools/control-plane/objects.ts';
import { deleteNamespace, testCluster } from '../../../tools/control-plane/testing.ts';
import { optedIn, prefix, runPass } from '../../handler/run-pass.ts';
import { openPage, startUi } from './shown-page.ts';
import { openingLater } from './ui-shop.ts';

const folder = join(import.meta.dirname, '../../../docs/images');
const names = ['ui-timeline.png', 'ui-workload.png', 'ui-workloads.png'];
const mostBytes = 100_000;

const isUpdate = process.env['UPDATE'] === '1';
const skip = isUpdate ? skipWithoutChromium : 'they are made only with UPDATE=1';

suite('the pictures of the page', () => {
  test('are created again', { skip }, async (t) => {
    const chromium = await startChromium();
    t.after(() => chromium.close());
    const namespace = await pictureShop(t);
    const later = JSON.stringify([openingLater()]);
    const args = ['-n', namespace, '--rollouts-windows', later, '--rollouts-max-concurrent', '5'];
    const ui = await startUi(t, args);
    const view = { width: 1280, height: 620 };
    await using tab = await openPage(chromium, ui, view);
    const picture = async (name: string, page: string, isReady: string, isDark = false) => {
      await tab.goto(`${ui.origin}${page}`);
      await tab.show({ ...view, isDark });
      await tab.waitFor(isReady);
      await tab.waitFor('document.fonts.ready.then(() => true)');
      writeFileSync(join(folder, name), await tab.screenshot());
    };
    await picture('ui-workloads.png', '/', `document.querySelector('tbody tr')`);
    await picture('ui-timeline.png', '/timeline', `document.querySelector('rect.allow')`);
    const workload = `/workload/Deployment/${namespace}/api`;
    await picture('ui-workload.png', workload, `document.querySelector('.picture circle')`, true);
  });

  test('are in the docs, and are small files', () => {
    assert.deepEqual(globSync('*', { cwd: folder }).sort(), names);
    const page = readFileSync(join(folder, '../ui.md'), 'utf8');
    for (const name of names) {
      assert.ok(page.includes(`](images/${name})`), name);
      const { length } = readFileSync(join(folder, name));
      assert.ok(length < mostBytes, `${name} has ${length} bytes`);
    }
  });
});

/** Creates Deployments in all states. */
async function pictureShop(t: TestContext): Promise<string> {
  const { api } = testCluster();
  const namespace = 'shop';
  await api.create(namespaceObject(namespace));
  t.after(() => deleteNamespace(namespace));
  await api.waitFor(path('ServiceAccount', namespace, 'default'), (it) => it !== undefined);
  const change = (name: string, level: string) =>
    api.patch(path('ConfigMap', namespace, name), { data: { level } });
  for (const name of ['api-settings', 'prices', 'theme']) {
    await api.create(configMap({ namespace, name, data: { level: 'info' } }));
  }
  await api.create(secret({ namespace, name: 'db-credentials', data: { key: 'value' } }));
  const workloads = [
    { name: 'api', use: { configMap: 'api-settings' }, replicas: 0 },
    { name: 'billing', use: { configMap: 'prices' }, replicas: 0, approval: 'required' },
    { name: 'checkout', use: { configMap: 'payment-settings' }, replicas: 0 },
    { name: 'search', use: { configMap: 'theme' }, replicas: 2 },
    { name: 'orders', use: { secret: 'db-credentials' }, replicas: 0 },
    { name: 'web', use: { configMap: 'theme' }, replicas: 0 },
  ];
  for (const { name, use, replicas, approval } of workloads) {
    const own = approval === undefined ? {} : { [`${prefix}/rollout-approval`]: approval };
    const annotations = { ...optedIn, ...own };
    const pod = using(use, { secret: 'db-credentials' });
    await api.create(deployment({ namespace, name, annotations, pod, spec: { replicas } }));
  }
  await runPass(namespace);
  for (const level of ['debug', 'warn']) {
    await change('api-settings', level);
    await change('theme', level);
    await runPass(namespace);
  }
  await change('prices', 'new');
  await change('api-settings', 'trace');
  const rollouts = { windows: [openingLater()] };
  await runPass(namespace, {
    settings: { rollouts: { ...defaultSettings.rollouts, ...rollouts } },
  });
  return namespace;
}
