/** The list of workloads in a real browser. */
import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import {
  type Chromium,
  skipWithoutChromium as skip,
  startChromium,
} from '../../../../tools/browser/chromium.ts';
import type { Tab } from '../../../../tools/browser/tab.ts';
import { openPage, shows, startUi, textOf } from '../shown-page.ts';
import { hostileText, uiShop } from '../ui-shop.ts';

suite('the list of workloads', { skip }, () => {
  let chromium: Chromium;
  before(async () => {
    chromium = await startChromium();
  });
  after(() => chromium.close());

  const open = async (t: TestContext, ...args: readonly string[]): Promise<Tab> => {
    const namespace = await uiShop(t);
    return await openPage(chromium, await startUi(t, ['-n', namespace, ...args]));
  };
  const names = (tab: Tab) =>
    tab.evaluate<string[]>(`[...document.querySelectorAll('tbody .name')].map((a) => a.innerText)`);

  test('has each opted-in workload with its state, first those that need a person', async (t) => {
    await using tab = await open(t);
    const found = await names(tab);
    assert.deepEqual(found.toSorted(), ['api', 'billing', 'checkout', 'hostile', 'search', 'web']);
    const first = found.slice(0, 3).toSorted();
    assert.deepEqual(first, ['billing', 'checkout', 'hostile']);
    assert.equal(found[3], 'api');
    for (const state of ['MissingSource', 'AwaitingApproval', 'OutsideWindow', 'RolledOut']) {
      assert.ok(await tab.evaluate(shows(state)), state);
    }
  });

  test('shows only the workloads in one group of states, and their number', async (t) => {
    await using tab = await open(t);
    await tab.evaluate(`document.querySelector('.count.held').click()`);
    await tab.waitFor(`document.querySelectorAll('tbody tr').length === 1`);
    assert.deepEqual(await names(tab), ['api']);
    assert.ok(await tab.evaluate(shows('1 of 6 workloads')));
    assert.equal(await tab.evaluate('location.search'), '?show=held');
    await tab.goto(await tab.evaluate<string>('location.href'));
    await tab.waitFor(shows('1 of 6 workloads'));
  });

  test('finds workloads by text', async (t) => {
    await using tab = await open(t);
    await tab.evaluate(`document.querySelector('input[type=search]').focus()`);
    await tab.type('nowhere');
    await tab.waitFor(shows('1 of 6 workloads'));
    assert.deepEqual(await names(tab), ['checkout']);
  });

  test('shows text of the cluster as text, whatever is in it', async (t) => {
    await using tab = await open(t);
    const row = `[...document.querySelectorAll('tbody tr')].find((row) => row.innerText.includes('hostile'))`;
    assert.ok(
      (await tab.evaluate<string>(`${row}.innerText`)).includes('<script>alert(1)</script>'),
    );
    assert.equal(await tab.evaluate(`${row}.querySelector('script, img')`), null);
    const isolated = `[...${row}.querySelectorAll('bdi')].some((each) => each.innerText.includes('שלום'))`;
    assert.equal(await tab.evaluate(isolated), true);
    assert.ok(hostileText.includes('שלום'));
  });

  test('has a column and a filter for namespaces with --all-namespaces', async (t) => {
    const namespace = await uiShop(t);
    const args = ['-A', '--namespaces', namespace];
    await using tab = await openPage(chromium, await startUi(t, args));
    assert.match(await tab.evaluate<string>(textOf('h1')), /in all namespaces/);
    const options = `[...document.querySelectorAll('option')].map((each) => each.innerText)`;
    assert.deepEqual(await tab.evaluate(options), ['all', namespace]);
  });

  test('shows the reason if it is empty', async (t) => {
    const namespace = await uiShop(t);
    const args = ['-n', namespace, '--ignore-namespaces', namespace];
    await using tab = await openPage(chromium, await startUi(t, args));
    assert.ok(await tab.evaluate(shows('Passes do not handle this namespace')));
  });
});
