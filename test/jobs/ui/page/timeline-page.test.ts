/** The time line in a real browser. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import {
  type Chromium,
  skipWithoutChromium as skip,
  startChromium,
} from '../../../../tools/browser/chromium.ts';
import { openPage, shows, startUi } from '../shown-page.ts';
import { openingLater, uiShop } from '../ui-shop.ts';

suite('the time line', { skip }, () => {
  let chromium: Chromium;
  before(async () => {
    chromium = await startChromium();
  });
  after(() => chromium.close());

  test('shows the windows of the settings, and how long workloads have to wait', async (t) => {
    const namespace = await uiShop(t);
    const { schedule } = openingLater();
    const windows = JSON.stringify([openingLater()]);
    const settings = ['--rollouts-windows', windows, '--rollouts-max-concurrent', '3'];
    const ui = await startUi(t, ['-n', namespace, ...settings]);
    await using tab = await openPage(chromium, ui);
    await tab.evaluate(`document.querySelector('nav a[href="/timeline"]').click()`);
    await tab.waitFor(shows('Change windows'));
    const rows = await tab.evaluate<string[]>(
      `[...document.querySelectorAll('tbody tr')].map((row) => row.innerText.replaceAll(/\\s+/g, ' '))`,
    );
    assert.match(rows[0] ?? '', /^allow .* for 2h, UTC opens /);
    assert.ok(rows[0]?.includes(schedule));
    const waiting = rows.slice(1);
    assert.match(waiting[0] ?? '', /^api .* OutsideWindow .*\(in \d/);
    assert.match(waiting[1] ?? '', /^billing .* AwaitingApproval a person approves it/);
    assert.equal(waiting.length, 2);
    assert.ok(await tab.evaluate(shows('At most 3 rollouts at the same time.')));
    // One bar ends when the window opens. The other bar has no end.
    assert.equal(await tab.evaluate(`document.querySelectorAll('rect.allow').length`), 1);
    assert.equal(await tab.evaluate(`document.querySelectorAll('rect.waits').length`), 2);
    assert.equal(await tab.evaluate(`document.querySelectorAll('rect.waits.open').length`), 1);
  });

  test('shows the part of the future that the user selects', async (t) => {
    const namespace = await uiShop(t);
    const ui = await startUi(t, [
      '-n',
      namespace,
      '--rollouts-windows',
      JSON.stringify([openingLater()]),
    ]);
    await using tab = await openPage(chromium, {
      ...ui,
      address: ui.address.replace('/#', '/timeline#'),
    });
    await tab.evaluate(`document.querySelectorAll('input[type=radio]')[2].click()`);
    await tab.waitFor(`document.querySelectorAll('rect.allow').length === 7`);
  });

  test('shows that all rollouts are paused, and that no workload waits', async (t) => {
    const namespace = await uiShop(t);
    const args = ['-n', namespace, '--rollouts-paused', 'true', '--kinds', 'StatefulSet'];
    const ui = await startUi(t, args);
    await using tab = await openPage(chromium, {
      ...ui,
      address: ui.address.replace('/#', '/timeline#'),
    });
    assert.ok(await tab.evaluate(shows('All rollouts are paused until a person ends the pause.')));
    assert.ok(await tab.evaluate(shows('No workload waits')));
    assert.ok(await tab.evaluate(shows('The settings have no windows.')));
  });
});
