/**
 * A headless Chromium that the Chrome DevTools Protocol controls through a pipe. It needs no package,
 * and no port that another program could use.
 *
 *     const chromium = await startChromium();
 *     const tab = await openTab(chromium);
 *     await chromium.close();
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { canRun } from '../control-plane/can-run.ts';

const programs = ['chromium', 'chromium-browser', 'google-chrome'];

/** Chromium on this machine; undefined if it is not installed. */
export const chromiumProgram = programs.find((each) => canRun(each, '--version'));

/** The reason to skip tests on a machine without Chromium. */
export const skipWithoutChromium =
  chromiumProgram === undefined ? 'there is no Chromium: the page is NOT tested' : false;

export type Parameters = Readonly<Record<string, unknown>>;
/** The protocol has hundreds of messages, so each caller checks the fields that it needs. */
export type Message = Readonly<Record<string, unknown>>;

export interface Chromium {
  readonly pid: number;
  /**
   * Sends a command to a tab or to the browser.
   *
   * @throws Error with the message of the browser
   */
  send(method: string, parameters?: Parameters, session?: string): Promise<Message>;
  /** Calls the function with each event of a tab. */
  onEvent(session: string, listen: (method: string, parameters: Message) => void): void;
  close(): Promise<void>;
}

/** @throws Error if there is no Chromium */
export async function startChromium(): Promise<Chromium> {
  if (chromiumProgram === undefined) throw new Error('there is no Chromium: install chromium');
  const profile = mkdtempSync(join(tmpdir(), 'wave-cron-chromium-'));
  const child = spawn(
    chromiumProgram,
    [
      ...['--headless=new', '--remote-debugging-pipe', `--user-data-dir=${profile}`],
      // The sandbox of Chromium does not work as root or in most containers. Only our own pages are
      // opened.
      ...['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--hide-scrollbars'],
      ...['--force-color-profile=srgb', '--lang=en-US', 'about:blank'],
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const connection = connect(child);
  const isStarted = connection.send('Browser.getVersion');
  await Promise.race([isStarted, failure(child)]);
  return {
    ...connection,
    pid: child.pid ?? 0,
    async close() {
      const ended = once(child, 'exit');
      await connection.send('Browser.close').catch(() => child.kill('SIGKILL'));
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function failure(child: ChildProcess): Promise<never> {
  const [status] = await once(child, 'exit');
  throw new Error(`Chromium ended with status ${status}`);
}

interface Answer {
  readonly id?: number;
  readonly result?: Message;
  readonly error?: { readonly message: string };
  readonly method?: string;
  readonly params?: Message;
  readonly sessionId?: string;
}

/** Each message is JSON, followed by a zero byte. */
function connect(child: ChildProcess): Pick<Chromium, 'send' | 'onEvent'> {
  const [, , , input, output] = child.stdio as unknown as [null, null, null, Writable, Readable];
  const waiting = new Map<number, PromiseWithResolvers<Message>>();
  const listeners = new Map<string, (method: string, parameters: Message) => void>();
  let last = 0;
  let rest = '';
  const take = ({ id, result, error, method, params, sessionId }: Answer): void => {
    if (id === undefined) {
      listeners.get(sessionId ?? '')?.(method ?? '', params ?? {});
      return;
    }
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(result ?? {});
    else asked?.reject(new Error(error.message));
  };
  output.setEncoding('utf8').on('data', (text: string) => {
    const messages = `${rest}${text}`.split('\0');
    rest = messages.pop() ?? '';
    for (const message of messages) take(JSON.parse(message) as Answer);
  });
  child.once('exit', () => {
    for (const { reject } of waiting.values()) reject(new Error('Chromium has ended'));
  });
  return {
    send(method, params = {}, sessionId) {
      last += 1;
      const asked = Promise.withResolvers<Message>();
      waiting.set(last, asked);
      input.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
      return asked.promise;
    },
    onEvent: (session, listen) => listeners.set(session, listen),
  };
}
