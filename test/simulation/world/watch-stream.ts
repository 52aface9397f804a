/** The watches of a process. Their lines arrive in order, each after its own delay. */
import type { HttpAnswer } from '../../../lib/http/exchange.ts';
import type { ReadLines } from '../../../lib/http/line-stream.ts';
import type { SimulatedServer } from '../server/server.ts';
import { type FaultName, faults } from './faults.ts';
import { account, latencyMs, lost, requestOf, type Traffic } from './network.ts';
import type { SimulatedProcess } from './process.ts';

/** The possible faults of an open watch. */
export const streamFaults = ['cut', 'silent', 'garbled', 'expired', 'ended'] as const;
export type StreamFault = (typeof streamFaults)[number];

/** The open watches of a process. */
export class WatchStreams {
  readonly #open = new Set<(fault: StreamFault) => void>();

  get size(): number {
    return this.#open.size;
  }

  /** Applies a fault to all open watches. */
  suffer(fault: StreamFault): void {
    for (const suffer of [...this.#open]) suffer(fault);
  }

  add(suffer: (fault: StreamFault) => void): () => void {
    this.#open.add(suffer);
    return () => this.#open.delete(suffer);
  }
}

const bookmarkMs = 60_000;
const expiredLine = JSON.stringify({
  type: 'ERROR',
  object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' },
});

/** Replaces `readLines` of lib/http with watches of a simulated server. */
export function simulatedReadLines(
  process: SimulatedProcess,
  server: SimulatedServer,
  traffic: Traffic,
  streams: WatchStreams,
): ReadLines {
  return (_to, request) =>
    new Promise<HttpAnswer>((resolve, reject) => {
      request.signal?.throwIfAborted();
      if (process.state === 'dead') return;
      const { world } = process;
      const sent = requestOf({ ...request, method: 'GET' }, account);
      const name = traffic.sent(process, sent);
      let isOver = false;
      let isSilent = false;
      let lastAt = 0;
      let closeWatch = (): void => {};
      let stopBookmarks = (): void => {};
      let stopIdle = (): void => {};
      let stopEnd = (): void => {};
      const over = (settle: () => void): void => {
        if (isOver) return;
        isOver = true;
        for (const stop of [closeWatch, stopBookmarks, stopIdle, stopEnd, forget]) stop();
        request.signal?.removeEventListener('abort', aborted);
        settle();
      };
      const aborted = (): void => over(() => reject(request.signal?.reason));
      request.signal?.addEventListener('abort', aborted);
      const ended = (): void =>
        over(() => resolve({ status: 200, headers: {}, text: '', bytes: 0 }));
      const isHeard = (): void => {
        stopIdle();
        stopIdle = process.after(request.idleMs, () =>
          over(() => reject(new DOMException('nothing arrived for too long', 'TimeoutError'))),
        );
      };
      /** Delivers after all earlier lines. */
      const inOrder = (run: () => void): void => {
        lastAt = Math.max(lastAt, world.now + latencyMs(process));
        process.after(lastAt - world.now, () => {
          if (!isOver) run();
        });
      };
      const deliver = (line: string): void => {
        if (isSilent) return;
        inOrder(() => {
          isHeard();
          try {
            request.onLine(line);
          } catch (error) {
            over(() => reject(error));
          }
        });
      };
      const suffer = (fault: StreamFault): void => {
        if (fault === 'silent') isSilent = true;
        else if (fault === 'cut') inOrder(() => over(() => reject(lost('ECONNRESET'))));
        else if (fault === 'ended') inOrder(ended);
        else deliver(fault === 'garbled' ? '{"type":' : expiredLine);
      };
      const forget = streams.add(suffer);
      isHeard();
      const bookmark = (): void => {
        const version = presentVersion(server, sent.path);
        deliver(
          JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: version } } }),
        );
        stopBookmarks = process.after(bookmarkMs, bookmark);
      };
      world.after(latencyMs(process), () => {
        if (isOver) return;
        const refusal = refusalOf(name);
        if (refusal !== undefined) {
          inOrder(() => over(() => refusal(resolve, reject)));
          return;
        }
        const seconds = Number(
          new URL(sent.path, 'http://simulated').searchParams.get('timeoutSeconds'),
        );
        stopEnd = process.after(seconds * 1000, () => inOrder(ended));
        stopBookmarks = process.after(bookmarkMs, bookmark);
        closeWatch = server.watch(sent, deliver, () => inOrder(ended));
      });
    });
}

type Refusal = (resolve: (answer: HttpAnswer) => void, reject: (error: unknown) => void) => void;

/** The effect of a request fault on a watch; undefined if the watch opens. */
function refusalOf(name: FaultName | undefined): Refusal | undefined {
  if (name === undefined) return undefined;
  const { gets } = faults[name];
  if (typeof gets === 'object') {
    return (resolve) => resolve({ ...gets, bytes: Buffer.byteLength(gets.text) });
  }
  return gets === 'reset' || gets === 'TLS error'
    ? (_, reject) => reject(lost('ECONNRESET'))
    : undefined;
}

/** The current version of a list. */
function presentVersion(server: SimulatedServer, path: string): string {
  const url = new URL(path, 'http://simulated');
  const query = new URLSearchParams({ limit: '1' });
  for (const name of ['fieldSelector', 'labelSelector']) {
    const value = url.searchParams.get(name);
    if (value !== null) query.set(name, value);
  }
  const { text } = server.handle({ method: 'GET', path: `${url.pathname}?${query}`, headers: {} });
  return (JSON.parse(text) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}
