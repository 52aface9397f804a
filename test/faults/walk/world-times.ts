/** Answers of the API server with the times of the walk, whose clock can leap, and not those of this machine. */
import { gunzipSync } from 'node:zlib';
import type { Answer } from '../fault-proxy.ts';
import type { WorldClock } from './world-clock.ts';

/** The API server writes whole seconds; a walk itself writes fractions as well, which stay. */
const written = /"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"/g;

/** @param askedAt when the API server was asked, by the clock of this machine: the clock may leap until it answers */
export function inWorldTimes(answer: Answer, clock: WorldClock, askedAt: number): Answer {
  if (clock.leapt === 0 || answer.body === undefined) return answer;
  const { 'content-encoding': _, ...headers } = answer.headers ?? {};
  return {
    ...answer,
    headers,
    body: textOf(answer).replace(written, (__, time: string) => {
      // Of all moments of that second, the last one.
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
