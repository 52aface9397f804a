/** A local receiver of messages. It takes the place of Slack and the other services. */
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { TestContext } from 'node:test';
import { type KeyPair, serverCertificate } from '../../../tools/control-plane/certificates.ts';
import { listen } from '../http/local-servers.ts';

export type Received = {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
};

export type Answer = {
  status: number;
  headers?: Readonly<Record<string, string>>;
  body?: string;
};

export type Receiver = {
  /** The URL without a path. */
  url: string;
  port: number;
  received: Received[];
};

export type ReceiverOptions = {
  /** The response to each request; undefined: no response, so that the sender waits. Default: status 200. */
  answer?: (nth: number) => Answer | undefined;
  /** Signs the certificate of the receiver, for localhost and hooks.invalid. Default: plain HTTP. */
  authority?: KeyPair;
};

export async function startReceiver(
  t: TestContext,
  { answer = () => ({ status: 200, body: 'ok' }), authority }: ReceiverOptions = {},
): Promise<Receiver> {
  const received: Received[] = [];
  const listener: RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { method, url: path, headers } = request;
      received.push({ method, path, headers, body });
      const given = answer(received.length);
      if (given !== undefined) response.writeHead(given.status, given.headers).end(given.body);
    });
  };
  if (authority === undefined) {
    const port = await listen(t, createServer(listener));
    return { url: `http://127.0.0.1:${port}`, port, received };
  }
  const { certificate: cert, key } = serverCertificate(authority, ['localhost', 'hooks.invalid']);
  const port = await listen(t, createTlsServer({ cert, key }, listener));
  return { url: `https://localhost:${port}`, port, received };
}
