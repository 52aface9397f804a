/** Tests in a real browser that only clients with the token can see the data of the page. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';
import {
  type Chromium,
  skipWithoutChromium as skip,
  startChromium,
} from '../../../../tools/browser/chromium.ts';
import { openTab } from '../../../../tools/browser/tab.ts';
import { desktop, openPage, shows, startUi } from '../shown-page.ts';
import { uiShop } from '../ui-shop.ts';

suite('the token of the page', { skip }, () => {
  let chromium: Chromium;
  before(async () => {
    chromium = await startChromium();
  });
  after(() => chromium.close());

  test('disappears from the address at once, and is sent only in a header', async (t) => {
    const ui = await startUi(t, ['-n', await uiShop(t)]);
    await using tab = await openPage(chromium, ui);
    assert.equal(await tab.evaluate('location.href'), `${ui.origin}/`);
    assert.equal(await tab.evaluate('document.cookie'), '');
    assert.ok(tab.requests.length > 3);
    assert.deepEqual(
      tab.requests.filter((url) => url.split('#', 1)[0]?.includes(ui.token)),
      [],
    );
  });

  test('stays valid after a reload and in another tab, but only for one run of the program', async (t) => {
    const namespace = await uiShop(t);
    const ui = await startUi(t, ['-n', namespace]);
    await using first = await openPage(chromium, ui);
    assert.ok(await first.evaluate(shows('billing')));
    await using second = await openPage(chromium, { ...ui, address: `${ui.origin}/` });
    await second.waitFor(shows('6 workloads'));
    const other = await startUi(t, ['-n', namespace]);
    assert.notEqual(other.token, ui.token);
  });

  test('is required: with a wrong token, the page has no data and shows what to do', async (t) => {
    const ui = await startUi(t, ['-n', await uiShop(t)]);
    await using tab = await openTab(chromium, desktop);
    for (const wrong of ['#token=wrong', '']) {
      await tab.goto('about:blank');
      await tab.goto(`${ui.origin}/${wrong}`);
      await tab.waitFor(shows('the token is wrong: open the address that wave-cron ui printed'));
      assert.equal(await tab.evaluate(shows('billing')), false);
    }
  });

  test('does not help a page of another origin: it can neither read nor frame anything', async (t) => {
    const ui = await startUi(t, ['-n', await uiShop(t)]);
    await using own = await openPage(chromium, ui);
    assert.ok(await own.evaluate(shows('billing')));
    const evil = createServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<iframe src="${ui.origin}/"></iframe>`);
    });
    await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
    t.after(() => evil.close());
    const { port } = evil.address() as AddressInfo;
    await using tab = await openTab(chromium, desktop);
    for (const host of ['127.0.0.1', 'localhost']) {
      await tab.goto(`http://${host}:${port}/`);
      for (const path of ['/', '/page.js', '/api/overview']) {
        for (const headers of ['{}', `{ authorization: 'Bearer ${ui.token}' }`]) {
          const fetched = `fetch('${ui.origin}${path}', { headers: ${headers} })`;
          const result = `${fetched}.then((response) => response.text(), () => 'refused')`;
          assert.equal(await tab.evaluate(result), 'refused', `${host} ${path} ${headers}`);
        }
      }
      assert.match(
        tab.takeProblems().join(),
        /frame-ancestors|X-Frame-Options|refused to connect/i,
      );
    }
  });
});
