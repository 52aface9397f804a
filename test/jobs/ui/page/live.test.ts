/** Tests in a real browser that the page soon shows changes in the cluster. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import {
  type Chromium,
  skipWithoutChromium as skip,
  startChromium,
} from '../../../../tools/browser/chromium.ts';
import { path } from '../../../../tools/control-plane/api.ts';
import { testCluster } from '../../../../tools/control-plane/testing.ts';
import { runPass } from '../../../handler/run-pass.ts';
import { openPage, shows, startUi, textOf } from '../shown-page.ts';
import { uiShop } from '../ui-shop.ts';

const { api } = testCluster();

/**
 * The required time. A test machine may be busy, so the test itself waits longer and only reports the
 * time.
 */
const soonMs = 2_000;

suite('the live page', { skip }, () => {
  let chromium: Chromium;
  before(async () => {
    chromium = await startChromium();
  });
  after(() => chromium.close());

  test('shows a change of the cluster without a reload, and announces it', async (t) => {
    const namespace = await uiShop(t);
    await using tab = await openPage(chromium, await startUi(t, ['-n', namespace]));
    await tab.waitFor(textOf('.count.recent'));
    const patch = { data: { level: 'trace' } };
    const began = performance.now();
    await api.patch(path('ConfigMap', namespace, 'prices'), patch);
    await tab.waitFor(shows('ConfigChanged'));
    const tookMs = performance.now() - began;
    t.diagnostic(`seen after ${Math.round(tookMs)} ms; required: ${soonMs} ms`);
    await tab.waitFor(
      `document.querySelector('[aria-live]').innerText.includes('web is ConfigChanged')`,
    );
    assert.ok(await tab.evaluate(`document.querySelector('tr.fresh') !== null`));
    await runPass(namespace);
    await tab.waitFor(`!${shows('ConfigChanged')}`);
  });

  test('shows a changed Secret too, although Secrets are not watched', async (t) => {
    const namespace = await uiShop(t);
    await using tab = await openPage(chromium, await startUi(t, ['-n', namespace]));
    await api.patch(path('Secret', namespace, 'password'), { data: { key: 'bmV3' } });
    await tab.waitFor(shows('ConfigChanged'));
  });

  test('reports that the program has ended, and keeps the last known states', async (t) => {
    const namespace = await uiShop(t);
    const ui = await startUi(t, ['-n', namespace]);
    await using tab = await openPage(chromium, ui);
    await tab.waitFor(shows('6 workloads'));
    ui.program.kill('SIGINT');
    await ui.program.ended;
    await tab.waitFor(shows('wave-cron ui does not answer.'));
    assert.ok(await tab.evaluate(shows('billing')));
    // The browser reports that it could not connect.
    for (const problem of tab.takeProblems()) assert.match(problem, /net::ERR_/);
  });

  test('connects again after a temporary stop of the program', async (t) => {
    const namespace = await uiShop(t);
    const ui = await startUi(t, ['-n', namespace]);
    await using tab = await openPage(chromium, ui);
    await tab.waitFor(textOf('.freshness.live'));
    const port = new URL(ui.origin).port;
    ui.program.kill('SIGKILL');
    await ui.program.ended;
    await tab.waitFor(shows('wave-cron ui does not answer.'));
    tab.takeProblems();
    const again = await startUi(t, ['-n', namespace, '--port', port]);
    await tab.waitFor(shows('the token is wrong'));
    tab.takeProblems();
    await tab.goto(again.address);
    await tab.waitFor(textOf('.freshness.live'));
    assert.equal(await tab.evaluate(shows('the token is wrong')), false);
    tab.takeProblems();
  });

  test('does not read while it is hidden', async (t) => {
    const namespace = await uiShop(t);
    const ui = await startUi(t, ['-n', namespace]);
    await using tab = await openPage(chromium, ui);
    await tab.waitFor(textOf('.freshness.live'));
    const hide = `Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));`;
    await tab.evaluate(`${hide} undefined`);
    const before = tab.requests.length;
    await api.patch(path('ConfigMap', namespace, 'prices'), { data: { level: 'hidden' } });
    await tab.evaluate(`delete document.hidden; undefined`);
    await tab.evaluate(`document.dispatchEvent(new Event('visibilitychange')); undefined`);
    await tab.waitFor(shows('ConfigChanged'));
    assert.ok(tab.requests.slice(before).some((url) => url.endsWith('/api/live')));
  });
});
