/**
 * Tests the page with many workloads. `npm run test:ui` creates 5,000 workloads, which takes minutes.
 * The test prints times, but their values cannot make it fail.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import pLimit from 'p-limit';
import { skipWithoutChromium as skip, startChromium } from '../../../tools/browser/chromium.ts';
import { configMap, deployment, using } from '../../../tools/control-plane/objects.ts';
import {
  seenByControllers,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { optedIn } from '../../handler/run-pass.ts';
import { builtCommand } from '../built-program.ts';
import { runProgram } from '../run-program.ts';
import { peakMemory } from '../served.ts';
import { openPage, shows, startUi } from './shown-page.ts';

const { api } = testCluster();
const count = Number(process.env['WAVE_CRON_UI_WORKLOADS'] ?? 250);
const sources = 50;
const mostMemory = 200 * 2 ** 20;
/** The number of elements in 100 rows. Many elements make a browser slow. */
const mostElements = 3_000;

const sourceName = (index: number) => `settings-${index % sources}`;

async function manyWorkloads(namespace: string): Promise<void> {
  const limit = pLimit(30);
  const indexes = [...Array(count).keys()];
  await limit.map(indexes.slice(0, sources), (index) =>
    api.create(configMap({ namespace, name: sourceName(index), data: { level: 'info' } })),
  );
  await limit.map(indexes, (index) => {
    const pod = using({ configMap: sourceName(index) });
    const workload = { namespace, name: `web-${index}`, annotations: optedIn, pod };
    return api.create(deployment({ ...workload, spec: { replicas: 0 } }));
  });
}

suite('the page with many workloads', { skip }, () => {
  test('shows its data quickly, stays smooth, and needs less than 200 MB', async (t) => {
    const namespace = await testNamespace(t);
    await manyWorkloads(namespace);
    builtCommand();
    const chromium = await startChromium();
    t.after(() => chromium.close());
    const say = (what: string, value: number) => t.diagnostic(`${what}: ${Math.round(value)}`);

    await seenByControllers(namespace, 300_000);
    const asked = performance.now();
    const { kubeconfig } = testCluster().cluster;
    await runProgram(['status', '-o', 'name', '-n', namespace, '--kubeconfig', kubeconfig]);
    say('ms of wave-cron status, from its source', performance.now() - asked);
    const began = performance.now();
    const ui = await startUi(t, ['-n', namespace]);
    say('ms from the start to the address', performance.now() - began);
    const opened = performance.now();
    await using tab = await openPage(chromium, ui);
    await tab.waitFor(shows(`${count} workloads`));
    const rowsMs = performance.now() - opened;
    say('ms from there to the rows', rowsMs);
    assert.equal(await tab.evaluate(`document.querySelectorAll('tbody tr').length`), 100);
    const elements = await tab.evaluate<number>(`document.querySelectorAll('*').length`);
    assert.ok(elements < mostElements, `${elements} elements`);

    /** Prints the milliseconds until the browser has drawn the result. */
    const step = async (what: string, action: string): Promise<void> => {
      const ms = await tab.evaluate<number>(`(async () => {
        const began = performance.now();
        ${action};
        await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
        return performance.now() - began;
      })()`);
      say(`ms to ${what}`, ms);
    };
    const input = `document.querySelector('input[type=search]')`;
    const type = (text: string) =>
      `${input}.value = '${text}'; ${input}.dispatchEvent(new Event('input', { bubbles: true }))`;
    await step('show the next page', `document.querySelector('.pages button:last-child').click()`);
    assert.ok(await tab.evaluate(shows('Page 2 of')));
    await step('search for a letter', type('w'));
    await step('search for a name', type('web-12'));
    await step('show everything again', type(''));
    await step('change to the time line', `document.querySelector('a[href="/timeline"]').click()`);
    await step('change back', `document.querySelector('nav a[href="/"]').click()`);

    await tab.evaluate(type('extra'));
    const changed = performance.now();
    const pod = using({ configMap: sourceName(0) });
    await api.create(deployment({ namespace, name: 'extra', annotations: optedIn, pod }));
    await tab.waitFor(shows(`1 of ${count + 1} workloads`), 60_000);
    say('ms until a change was shown', performance.now() - changed);
    const bytes = peakMemory(ui.program.pid);
    say('MB of memory at most', bytes / 1e6);
    assert.ok(bytes < mostMemory, `${bytes} bytes`);
  });
});
