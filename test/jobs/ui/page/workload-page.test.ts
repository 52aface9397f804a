/** The page of a workload in a real browser. */
import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import {
  type Chromium,
  skipWithoutChromium as skip,
  startChromium,
} from '../../../../tools/browser/chromium.ts';
import type { Tab } from '../../../../tools/browser/tab.ts';
import { openPage, shows, startUi } from '../shown-page.ts';
import { uiShop } from '../ui-shop.ts';

suite('the page of a workload', { skip }, () => {
  let chromium: Chromium;
  before(async () => {
    chromium = await startChromium();
  });
  after(() => chromium.close());

  const open = async (t: TestContext, name: string, kind = 'Deployment'): Promise<Tab> => {
    const namespace = await uiShop(t);
    const ui = await startUi(t, ['-n', namespace]);
    const path = `/workload/${kind}/${namespace}/${name}`;
    const tab = await openPage(chromium, {
      ...ui,
      address: ui.address.replace('/#', `${path}#`),
    });
    await tab.waitFor(`document.querySelector('#history, main .notice')`);
    return tab;
  };

  test('explains its state, and shows the command that approves the change', async (t) => {
    await using tab = await open(t, 'billing');
    const [namespace = ''] = await tab.evaluate<string[]>(`location.pathname.split('/').slice(3)`);
    assert.equal(
      await tab.evaluate(`document.querySelector('.lead .badge').innerText`),
      'AwaitingApproval',
    );
    assert.ok(await tab.evaluate(shows('Held since')));
    assert.ok(await tab.evaluate(shows(`wave-cron approve deployment/billing -n ${namespace}`)));
  });

  test('has its revisions as a picture and as a table', async (t) => {
    await using tab = await open(t, 'web');
    assert.equal(await tab.evaluate(`document.querySelectorAll('.picture circle').length`), 3);
    const picture = `document.querySelector('.picture svg').getAttribute('aria-label')`;
    assert.match(
      await tab.evaluate<string>(picture),
      /^3 revisions since .*; 2 with a new configuration/,
    );
    const rows = `[...document.querySelectorAll('[aria-labelledby=history] tbody tr')].map((row) => row.innerText)`;
    const [newest = '', ...older] = await tab.evaluate<string[]>(rows);
    assert.match(newest, /^3\s*current/);
    assert.match(newest, /ConfigMap\/prices changed/);
    assert.equal(older.length, 2);
  });

  test('has its sources and its Events, but no values', async (t) => {
    await using tab = await open(t, 'search');
    assert.ok(await tab.evaluate(shows('Secret/password')));
    assert.ok(await tab.evaluate(shows('containers[main]')));
    const events = `document.querySelector('[aria-labelledby=events]').innerText`;
    assert.match(await tab.evaluate<string>(events), /Normal\s+FirstSeen/);
  });

  test('reports that a workload does not exist, and suggests a similar name', async (t) => {
    await using tab = await open(t, 'webb');
    await tab.waitFor(`document.querySelector('main .notice')`);
    const notice = `document.querySelector('main .notice').innerText`;
    assert.match(
      await tab.evaluate<string>(notice),
      /does not exist; there is Deployment .*\/web$/,
    );
    // The browser reports the status of the response.
    for (const problem of tab.takeProblems()) assert.match(problem, /status of 502/);
  });
});
