/**
 * Responses of the API server with the times of the walk's clock, which can leap, instead of those of this
 * machine.
 */
import { gunzipSync } from 'node:zlib';
import type { Answer } from '../fault-proxy.ts';
import type { WorldClock } from './world-clock.ts';

/**
 * A time in whole seconds, which the API server writes. A walk itself writes times with fractions, which
 * stay as they are.
 */
const written = /"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"/g;

/**
 * @param askedAt when the request was sent, by the clock of this machine; the clock of the walk may leap
 *   before the response
 */
export function inWorldTimes(answer: Answer, clock: WorldClock, askedAt: number): Answer {
  if (clock.leapt === 0 || answer.body === undefined) return answer;
  const { 'content-encoding': _, ...headers } = answer.headers ?? {};
  return {
    ...answer,
    headers,
    body: textOf(answer).replace(written, (__, time: string) => {
      // The time is taken as the last moment of its second.
      const at = Math.min(Date.parse(time) + 999, askedAt);
      const shifted = Date.parse(time) + clock.leaptAt(at);
      return `"${new Date(shifted).toISOString().slice(0, 19)}Z"`;
    }),
  };
}

export function textOf({ headers = {}, body = '' }: Answer): string {
  const bytes = Buffer.from(body);
  return (headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
}
