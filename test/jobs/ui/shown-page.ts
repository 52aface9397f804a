/** Shows the page in a real browser, with a running program and a control plane. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Chromium } from '../../../tools/browser/chromium.ts';
import { openTab, type Tab, type View } from '../../../tools/browser/tab.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { assertNoLeak } from '../../secrets/planted.ts';
import { builtCommand } from '../built-program.ts';
import { type Program, startProgram } from '../run-program.ts';

export interface Ui {
  readonly program: Program;
  /** The address with the token. */
  readonly address: string;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly token: string;
}

/** Starts `wave-cron ui`. It runs until the test ends. */
export async function startUi(
  t: Pick<TestContext, 'after'>,
  args: readonly string[],
  kubeconfig = testCluster().cluster.kubeconfig,
): Promise<Ui> {
  const command = ['ui', '--kubeconfig', kubeconfig, ...args];
  const program = startProgram(command, {}, builtCommand());
  t.after(() => program.kill('SIGKILL'));
  let found: Omit<Ui, 'program'> | undefined;
  await program.printed((text) => {
    const [, address, origin, token] = /((http:\S+)\/#token=(\S+))\n/.exec(text) ?? [];
    if (address === undefined || origin === undefined || token === undefined) return false;
    found = { address, origin, token };
    return true;
  }, 'its address');
  if (found === undefined) throw new Error('no address was printed');
  return { program, ...found };
}

export const desktop: View = { width: 1280, height: 800 };
export const phone: View = { width: 320, height: 640 };
export const wall: View = { width: 3840, height: 2160 };

/**
 * Opens an address in a tab. When the tab is disposed, the test fails if the tab had a problem, such as
 * a violation of the Content-Security-Policy, if it sent a request to another server, or if it shows
 * the value of a Secret. A hook after the test would be too late: the program and the namespace no
 * longer exist then.
 */
export async function openPage(
  chromium: Chromium,
  { address, origin, token }: Omit<Ui, 'program'>,
  view: View = desktop,
): Promise<Tab> {
  const tab = await openTab(chromium, view);
  await tab.goto(address);
  await tab.waitFor(`document.querySelector('h1')?.textContent !== 'wave-cron'`);
  return {
    ...tab,
    async [Symbol.asyncDispose]() {
      const text = await tab.evaluate<string>('document.documentElement.outerHTML');
      await tab[Symbol.asyncDispose]();
      assertNoLeak('the page', text);
      const wrong = [
        ...tab.takeProblems(),
        ...tab.requests.filter((url) => !url.startsWith(`${origin}/`)),
        ...tab.requests.filter((url) => url.includes(token) && url !== address),
      ];
      assert.deepEqual(wrong, []);
    },
  };
}

/** An expression with the text of an element; undefined if the element does not exist. */
export const textOf = (selector: string): string =>
  `document.querySelector(${JSON.stringify(selector)})?.innerText`;

/** An expression that is true if the page shows the text. */
export const shows = (text: string): string =>
  `document.body.innerText.includes(${JSON.stringify(text)})`;
