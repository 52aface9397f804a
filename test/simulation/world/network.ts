/**
 * The connection between a process and the API server. The arrival of each request is one event, and
 * the arrival of its response is another.
 */
import {
  type Exchange,
  type HttpAnswer,
  type HttpRequest,
  largestAnswer,
  TooLargeError,
} from '../../../lib/http/exchange.ts';
import type { SimulatedRequest, SimulatedServer } from '../server/server.ts';
import { type Fault, faults, type Reply } from './faults.ts';
import type { SimulatedProcess } from './process.ts';

/** Chooses the faults of requests, and observes the requests. */
export interface Traffic {
  /** Called when a process sends a request, immediately after its check that it may send. */
  sent(process: SimulatedProcess, request: SimulatedRequest): keyof typeof faults | undefined;
  /** Called immediately before the server handles a request. `sentAt` is the time of sending. */
  arrives(process: SimulatedProcess, request: SimulatedRequest, sentAt: number): void;
  /** Called immediately after the server has handled a request. */
  handled(process: SimulatedProcess, request: SimulatedRequest, reply: Reply): void;
}

const untouched: Fault = { isDone: true, gets: 'answer' };

/** The latency of one message, in milliseconds. */
export const latencyMs = (process: SimulatedProcess): number => {
  const { world } = process;
  return world.random.isOneIn(20) ? world.random.within(50, 400) : 1 + world.random.next() * 20;
};

export function requestOf(
  { method, path, headers, body }: Pick<HttpRequest, 'method' | 'path' | 'headers' | 'body'>,
  user: string,
): SimulatedRequest {
  const flat = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  return {
    method: method as SimulatedRequest['method'],
    path,
    headers: Object.fromEntries(flat),
    ...(body === undefined ? {} : { body }),
    user,
  };
}

/** An error as Node's clients throw it. */
export const lost = (code: 'ECONNRESET' | 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'): Error =>
  Object.assign(new Error('the connection is broken'), { code });

export const account = 'wave-cron';

/** Replaces `exchange` of lib/http with requests to a simulated server. */
export function simulatedExchange(
  process: SimulatedProcess,
  server: SimulatedServer,
  traffic: Traffic,
): Exchange {
  return (_to, request) =>
    new Promise<HttpAnswer>((resolve, reject) => {
      request.signal?.throwIfAborted();
      if (process.state === 'dead') return;
      const { world } = process;
      const sent = requestOf(request, account);
      const sentAt = world.now;
      const name = traffic.sent(process, sent);
      const fault: Fault = name === undefined ? untouched : faults[name];
      const [requestMs, answerMs] = fault.delayMs ?? [0, 0];
      let isOver = false;
      const over = (settle: () => void): void => {
        if (isOver) return;
        isOver = true;
        stopTimer();
        request.signal?.removeEventListener('abort', aborted);
        settle();
      };
      const aborted = (): void => over(() => reject(request.signal?.reason));
      const stopTimer = process.after(request.timeoutMs, () =>
        over(() => reject(new DOMException('no response in time', 'TimeoutError'))),
      );
      request.signal?.addEventListener('abort', aborted);

      const gets = (reply: Reply | undefined): void => {
        if (fault.gets === 'nothing') return;
        process.after(latencyMs(process) + answerMs, () =>
          over(() => {
            const answer = typeof fault.gets === 'function' && reply ? fault.gets(reply) : reply;
            if (fault.gets === 'reset' || answer === undefined) reject(lost('ECONNRESET'));
            else if (fault.gets === 'TLS error')
              reject(lost('ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'));
            else received(answer, request, resolve, reject);
          }),
        );
      };
      // A sent request arrives even if its process has ended.
      world.after(latencyMs(process) + requestMs, () => {
        let reply: Reply | undefined;
        if (fault.isDone) {
          traffic.arrives(process, sent, sentAt);
          reply = server.handle(sent);
          traffic.handled(process, sent, reply);
        }
        gets(typeof fault.gets === 'object' ? fault.gets : (reply ?? nothing));
      });
    });
}

const nothing: Reply = { status: 0, headers: {}, text: '' };

function received(
  { status, headers, text }: Reply,
  { admits = (bytes: number) => bytes <= largestAnswer }: HttpRequest,
  resolve: (answer: HttpAnswer) => void,
  reject: (error: unknown) => void,
): void {
  const bytes = Buffer.byteLength(text);
  const isSuccess = status >= 200 && status < 300;
  if (isSuccess && !admits(bytes)) reject(new TooLargeError(bytes));
  else resolve({ status, headers, text, bytes });
}
