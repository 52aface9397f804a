/** Tests in a real browser that the page of a workload stays current. */
import { after, before, suite, test } from 'node:test';
import {
  type Chromium,
  skipWithoutChromium as skip,
  startChromium,
} from '../../../../tools/browser/chromium.ts';
import { path } from '../../../../tools/control-plane/api.ts';
import { testCluster } from '../../../../tools/control-plane/testing.ts';
import { runPass } from '../../../handler/run-pass.ts';
import { openPage, startUi } from '../shown-page.ts';
import { uiShop } from '../ui-shop.ts';

const { api } = testCluster();

suite('the data of an open page', { skip }, () => {
  let chromium: Chromium;
  before(async () => {
    chromium = await startChromium();
  });
  after(() => chromium.close());

  test('of a workload follows its revisions, sources and Events', async (t) => {
    const namespace = await uiShop(t);
    const ui = await startUi(t, ['-n', namespace]);
    const address = ui.address.replace('/#', `/workload/Deployment/${namespace}/web#`);
    await using tab = await openPage(chromium, { ...ui, address });
    const circles = `document.querySelectorAll('.picture circle').length`;
    await tab.waitFor(`${circles} === 3`);
    await api.patch(path('ConfigMap', namespace, 'prices'), { data: { level: 'trace' } });
    await tab.waitFor(`document.querySelector('.lead').innerText.includes('ConfigMap/prices')`);
    await runPass(namespace);
    await tab.waitFor(`${circles} === 4`);
    await tab.waitFor(`document.querySelector('.lead .badge').innerText === 'RolledOut'`);
  });

  test('contains a title for each page, which the browser tab shows', async (t) => {
    const namespace = await uiShop(t);
    await using tab = await openPage(chromium, await startUi(t, ['-n', namespace]));
    await tab.waitFor(`document.title === 'Workloads · wave-cron'`);
    await tab.evaluate(`document.querySelector('tbody .name').click()`);
    await tab.waitFor(
      `document.title === document.querySelector('h1 bdi').innerText + ' · wave-cron'`,
    );
  });
});
