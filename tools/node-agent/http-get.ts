/** HTTP over an existing connection. */
import { request } from 'node:http';
import type { Socket } from 'node:net';

export type PodResponse = { status: number; body: string };

/** Sends a GET and returns the complete response. Then the connection is closed. */
export async function getThrough(socket: Socket, path: string): Promise<PodResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<PodResponse>();
  const sent = request({ path, createConnection: () => socket }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    response.on('error', reject);
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
  });
  sent.on('error', reject).end();
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}
