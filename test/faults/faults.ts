/** The faults that a fault proxy can apply to one request. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Fault } from './fault-proxy.ts';

const json = { 'content-type': 'application/json' };

/** A Status object, as the API server returns it. */
export function status(code: number, reason: string, message: string, details = {}): Answer {
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason, code };
  return { status: code, headers: json, body: JSON.stringify({ ...body, details }) };
}

export const answer =
  (what: Answer): Fault =>
  ({ reply }) =>
    reply(what);

/** The connection is reset before the request reaches the API server. */
export const resetConnection: Fault = ({ reset }) => reset();

/** The API server executes the request, but the client gets no response. */
export const loseAnswer: Fault = async ({ forward, reset }) => {
  await forward();
  reset();
};

/**
 * The API server executes the request, but the client gets a different response, as if from a proxy in
 * between.
 */
export const answerInstead =
  (what: Answer): Fault =>
  async ({ forward, reply }) => {
    await forward();
    reply(what);
  };

export const truncate: Fault = async ({ forward, replyHalf }) => replyHalf(await forward());

/** The response has its full length, but every second byte is changed. */
export const garble: Fault = async ({ forward, reply }) => {
  const { status, headers, body = '' } = await forward();
  const bytes = Buffer.from(body).map((byte, at) => (at % 2 === 0 ? byte : byte ^ 0x15));
  reply({ status, headers: headers ?? {}, body: Buffer.from(bytes) });
};

/** The request reaches the API server after a delay. The response is complete. */
export const late =
  (ms: number): Fault =>
  async ({ forward, reply }) => {
    await sleep(ms);
    reply(await forward());
  };

export const drip: Fault = async ({ forward, replySlowly }) => replySlowly(await forward(), 10, 20);

/** The TLS connection breaks before the request reaches the API server. */
export const breakTls: Fault = ({ breakTls }) => breakTls();

/** The client never gets a response, and the request does not reach the API server. */
export const hang: Fault = () => {};

/** Something else happens first, then the API server gets the request. */
export const after =
  (happens: () => Promise<unknown>): Fault =>
  async ({ forward, reply }) => {
    await happens();
    reply(await forward());
  };

/** The API server gets the request, then something else happens, then the client gets the response. */
export const before =
  (happens: () => Promise<unknown>): Fault =>
  async ({ forward, reply }) => {
    const answered = await forward();
    await happens();
    reply(answered);
  };

/** Limits a page of a list to `size` objects, so that a few objects fill several pages. */
export const shortPages =
  (size: number): Fault =>
  async ({ url, forward, reply }) =>
    reply(await forward(url.replace(/limit=\d+/, `limit=${size}`)));
