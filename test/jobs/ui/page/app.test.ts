/** Accessibility of the page: by keyboard, with a screen reader, and on each screen size. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import {
  type Chromium,
  skipWithoutChromium as skip,
  startChromium,
} from '../../../../tools/browser/chromium.ts';
import type { Tab } from '../../../../tools/browser/tab.ts';
import { violationsIn } from '../axe.ts';
import { desktop, openPage, phone, shows, startUi, wall } from '../shown-page.ts';
import { openingLater, uiShop } from '../ui-shop.ts';

const focused = 'document.activeElement';

/** Presses Tab until the expression about the focused element is true. */
async function tabTo(tab: Tab, isThere: string): Promise<void> {
  for (let count = 0; count < 40; count += 1) {
    await tab.press('Tab');
    if (await tab.evaluate(isThere)) return;
  }
  assert.fail(`not reached with Tab: ${isThere}`);
}

suite('the page', { skip }, () => {
  let chromium: Chromium;
  before(async () => {
    chromium = await startChromium();
  });
  after(() => chromium.close());

  test('has no WCAG violations on any page, in light and dark mode, from 320 pixels to 4k', async (t) => {
    const namespace = await uiShop(t);
    const windows = JSON.stringify([openingLater()]);
    const ui = await startUi(t, ['-A', '--namespaces', namespace, '--rollouts-windows', windows]);
    await using tab = await openPage(chromium, ui);
    await tab.send('Page.setBypassCSP', { enabled: true });
    const paths = ['/', '/timeline', `/workload/Deployment/${namespace}/web`, '/workload/none'];
    for (const path of paths) {
      await tab.goto(`${ui.origin}${path}`);
      if (path !== '/workload/none') await tab.waitFor(`document.querySelector('tbody tr')`);
      for (const view of [desktop, phone, wall]) {
        for (const isDark of [false, true]) {
          await tab.show({ ...view, isDark });
          const where = `${path} at ${view.width}, ${isDark ? 'dark' : 'light'}`;
          assert.deepEqual(await violationsIn(tab), [], where);
          const overflow = 'document.documentElement.scrollWidth - innerWidth';
          assert.ok((await tab.evaluate<number>(overflow)) <= 0, `${where} scrolls sideways`);
        }
      }
    }
  });

  test('works with only the keyboard, and the focus is always visible', async (t) => {
    const namespace = await uiShop(t);
    const ui = await startUi(t, ['-n', namespace]);
    await using tab = await openPage(chromium, ui);
    await tab.press('Tab');
    assert.equal(await tab.evaluate(`${focused}.innerText`), 'Skip to the content');
    await tab.press('Enter');
    assert.equal(await tab.evaluate(`${focused}.id`), 'main');
    await tabTo(tab, `${focused}.matches('.count.person')`);
    assert.notEqual(await tab.evaluate(`getComputedStyle(${focused}).outlineStyle`), 'none');
    await tab.press('Space');
    await tab.waitFor(shows('3 of 6 workloads'));
    await tab.press('Space');
    await tabTo(tab, `${focused}.matches('input[type=search]')`);
    await tab.type('billing');
    await tab.waitFor(shows('1 of 6 workloads'));
    await tabTo(tab, `${focused}.matches('tbody a')`);
    await tab.press('Enter');
    await tab.waitFor(`document.querySelector('#history')`);
    // The user is at the start of the new page.
    assert.equal(await tab.evaluate(`${focused}.tagName`), 'H1');
    assert.match(await tab.evaluate<string>(`${focused}.innerText`), /^billing/);
    await tab.evaluate('history.back()');
    await tab.waitFor(shows('1 of 6 workloads'));
    await tab.press('Tab', { shift: true });
    await tabTo(tab, `${focused}.matches('nav a[href="/timeline"]')`);
    await tab.press('Enter');
    await tab.waitFor(`document.querySelector('#waiting')`);
    await tabTo(tab, `${focused}.matches('input[type=radio]')`);
    await tab.press('ArrowRight');
    assert.equal(await tab.evaluate(`${focused}.parentElement.innerText.trim()`), '7 days');
  });

  test('has one heading of the first level, and marks the current page in the navigation', async (t) => {
    const ui = await startUi(t, ['-n', await uiShop(t)]);
    await using tab = await openPage(chromium, ui);
    for (const path of ['/', '/timeline', '/workload/none']) {
      await tab.goto(`${ui.origin}${path}`);
      await tab.waitFor(`document.querySelector('h1')`);
      assert.equal(await tab.evaluate(`document.querySelectorAll('h1').length`), 1, path);
      const here = await tab.evaluate(
        `document.querySelector('[aria-current]')?.getAttribute('href') ?? ''`,
      );
      assert.equal(here, path === '/workload/none' ? '' : path);
    }
  });

  test('has no animations if the user asks for reduced motion', async (t) => {
    const ui = await startUi(t, ['-n', await uiShop(t)]);
    await using tab = await openPage(chromium, ui);
    await tab.waitFor(`document.querySelector('tbody tr')?.classList.add('fresh') === undefined`);
    const animation = `getComputedStyle(document.querySelector('tbody tr')).animationName`;
    assert.equal(await tab.evaluate(animation), 'fresh');
    const features = [{ name: 'prefers-reduced-motion', value: 'reduce' }];
    await tab.send('Emulation.setEmulatedMedia', { features });
    assert.equal(await tab.evaluate(animation), 'none');
  });
});
