/**
 * A tab of Chromium with a person's inputs: keys, a window size and a color scheme.
 *
 *     await using tab = await openTab(chromium, { width: 1280, height: 800 });
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chromium, Message } from './chromium.ts';

export interface View {
  readonly width: number;
  readonly height: number;
  readonly isDark?: boolean;
}

export interface Tab extends AsyncDisposable {
  goto(address: string): Promise<void>;
  /** The value of an expression or a promise in the page. It must be JSON. */
  evaluate<T>(expression: string): Promise<T>;
  /** Resolves with the first true value. Fails after the timeout. */
  waitFor<T>(expression: string, timeoutMs?: number): Promise<T>;
  /** @param key such as `Tab`, `Enter`, `Space` or `Escape` */
  press(key: KeyName, modifiers?: { readonly shift?: true }): Promise<void>;
  /** Types into the element that has the focus. */
  type(text: string): Promise<void>;
  show(view: View): Promise<void>;
  /** A PNG of the visible part. */
  screenshot(): Promise<Buffer>;
  /**
   * The console messages, uncaught errors, and violations of the Content-Security-Policy since the last
   * call.
   */
  takeProblems(): readonly string[];
  /** The addresses of all requests. */
  readonly requests: readonly string[];
  send(method: string, parameters?: Message): Promise<Message>;
}

const keys = {
  Tab: { code: 9 },
  Enter: { code: 13, text: '\r' },
  Space: { code: 32, text: ' ', key: ' ' },
  Escape: { code: 27 },
  ArrowDown: { code: 40 },
  ArrowRight: { code: 39 },
} as const satisfies Record<string, { code: number; text?: string; key?: string }>;
export type KeyName = keyof typeof keys;

/** Runs in each document before the document's own script. */
const recordViolations = `addEventListener('securitypolicyviolation', (event) => {
  console.error('violation of ' + event.violatedDirective + ': ' + event.blockedURI);
});`;

export async function openTab(chromium: Chromium, view: View): Promise<Tab> {
  const { targetId } = await chromium.send('Target.createTarget', { url: 'about:blank' });
  const attached = await chromium.send('Target.attachToTarget', { targetId, flatten: true });
  const session = String(attached['sessionId']);
  const send = (method: string, parameters: Message = {}) =>
    chromium.send(method, parameters, session);
  const problems: string[] = [];
  const requests: string[] = [];
  chromium.onEvent(session, (method, parameters) => {
    problems.push(...problemsIn(method, parameters));
    if (method === 'Network.requestWillBeSent') {
      requests.push((parameters['request'] as { url: string }).url);
    }
  });
  for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await send(`${domain}.enable`);
  await send('Page.addScriptToEvaluateOnNewDocument', { source: recordViolations });
  const tab: Tab = {
    takeProblems: () => problems.splice(0),
    requests,
    send,
    async goto(address) {
      await send('Page.navigate', { url: address });
      await tab.waitFor(`document.readyState === 'complete'`);
    },
    async evaluate<T>(expression: string) {
      const call = { expression, awaitPromise: true, returnByValue: true };
      const { result, exceptionDetails } = await send('Runtime.evaluate', call);
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { value: T }).value;
    },
    async waitFor<T>(expression: string, timeoutMs = 30_000) {
      const end = performance.now() + timeoutMs;
      for (;;) {
        const value = await tab.evaluate<T>(expression).catch(() => undefined);
        if (value) return value;
        if (performance.now() > end) {
          const text = await tab.evaluate<string>('document.body.innerText.slice(0, 2000)');
          throw new Error(`not true in time: ${expression}\n${text}\n${problems.join('\n')}`);
        }
        await sleep(20);
      }
    },
    async press(name, { shift } = {}) {
      const { code, ...more } = keys[name];
      const key = { key: name, code: name, windowsVirtualKeyCode: code, ...more };
      const pressed = { ...key, modifiers: shift ? 8 : 0 };
      await send('Input.dispatchKeyEvent', { type: 'keyDown', ...pressed });
      await send('Input.dispatchKeyEvent', { type: 'keyUp', ...pressed });
    },
    async type(text) {
      await send('Input.insertText', { text });
    },
    async show({ width, height, isDark = false }) {
      const metrics = { width, height, deviceScaleFactor: 1, mobile: false };
      await send('Emulation.setDeviceMetricsOverride', metrics);
      const features = [{ name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' }];
      await send('Emulation.setEmulatedMedia', { features });
    },
    async screenshot() {
      const { data } = await send('Page.captureScreenshot', { format: 'png' });
      return Buffer.from(String(data), 'base64');
    },
    async [Symbol.asyncDispose]() {
      await chromium.send('Target.closeTarget', { targetId });
    },
  };
  await tab.show(view);
  return tab;
}

function problemsIn(method: string, parameters: Message): string[] {
  switch (method) {
    case 'Runtime.consoleAPICalled':
    case 'Runtime.exceptionThrown':
      return [JSON.stringify(parameters)];
    case 'Log.entryAdded':
      return [JSON.stringify(parameters['entry'])];
    default:
      return [];
  }
}
