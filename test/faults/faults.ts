/** What may go wrong with one request: each a Fault for a fault proxy. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Fault } from './fault-proxy.ts';

const json = { 'content-type': 'application/json' };

/** A Status as the API server sends it. */
export function status(code: number, reason: string, message: string, details = {}): Answer {
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code };
  return { status: code, headers: json, body: JSON.stringify({ ...body, details }) };
}

export const answer =
  (what: Answer): Fault =>
  ({ reply }) =>
    reply(what);

/** Nothing reaches the API server. */
export const resetConnection: Fault = ({ reset }) => reset();

/** The API server does what is asked, and nobody hears of it. */
export const loseAnswer: Fault = async ({ forward, reset }) => {
  await forward();
  reset();
};

/** The API server does what is asked, and something on the way gives another answer. */
export const answerInstead =
  (what: Answer): Fault =>
  async ({ forward, reply }) => {
    await forward();
    reply(what);
  };

export const truncate: Fault = async ({ forward, replyHalf }) => replyHalf(await forward());

/** A whole answer, every other byte of which is another one. */
export const garble: Fault = async ({ forward, reply }) => {
  const { status, headers, body = '' } = await forward();
  const bytes = Buffer.from(body).map((byte, at) => (at % 2 === 0 ? byte : byte ^ 0x15));
  reply({ status, headers: headers ?? {}, body: Buffer.from(bytes) });
};

/** Comes whole, in the end. */
export const late =
  (ms: number): Fault =>
  async ({ forward, reply }) => {
    await sleep(ms);
    reply(await forward());
  };

export const drip: Fault = async ({ forward, replySlowly }) => replySlowly(await forward(), 10, 20);

/** The connection's encryption breaks before anything is asked. */
export const breakTls: Fault = ({ breakTls }) => breakTls();

/** No answer ever. */
export const hang: Fault = () => {};

/** Something else happens first, then the API server is asked. */
export const after =
  (happens: () => Promise<unknown>): Fault =>
  async ({ forward, reply }) => {
    await happens();
    reply(await forward());
  };

/** The API server is asked, then something else happens, then its answer is passed on. */
export const before =
  (happens: () => Promise<unknown>): Fault =>
  async ({ forward, reply }) => {
    const answered = await forward();
    await happens();
    reply(answered);
  };

/** Pages of so many instead of five hundred, so that a few objects are several pages. */
export const shortPages =
  (size: number): Fault =>
  async ({ url, forward, reply }) =>
    reply(await forward(url.replace(/limit=\d+/, `limit=${size}`)));
