/**
 * Hostile clients that reach the port of the Deployment form: the program must stay within the shipped memory
 * limit, and must keep responding to probes. The tests compare the limit with VmHWM, the peak memory of the
 * process, because that needs no cgroup and no root.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { peakMemory, type Served, served, shippedLimit, skip, token } from './served.ts';

const requestLine = 'GET /healthz HTTP/1.1\r\nhost: a\r\n';
const halfHeader = (length: number) => `${requestLine}x: ${'x'.repeat(length)}`;

/** Sends a request like a kubelet: on its own connection, from its own address. */
async function statusOf(
  { host, port }: Served,
  path: string,
  localAddress: string,
): Promise<number> {
  const request = get({ host, port, path, localAddress, agent: false });
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}

/**
 * Opens connections, which stay open until the server ends them. Returns when each connection was
 * accepted or ended.
 */
async function flood(
  t: TestContext,
  { host, port }: Served,
  count: number,
  textOf: (index: number) => string,
  addressOf: (index: number) => string,
): Promise<void> {
  const opened = Array.from({ length: count }, (_, index) => {
    const socket = connect({ host, port, localAddress: addressOf(index) });
    t.after(() => socket.destroy());
    // The server ends the connection, as it should.
    socket.on('error', () => socket.destroy());
    socket.once('connect', () => socket.write(textOf(index)));
    return settled(socket);
  });
  await Promise.all(opened);
}

/** Resolves when the server has accepted or ended the connection. */
function settled(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('connect', resolve).once('close', () => resolve());
  });
}

const post = (more: string) => `POST /trigger HTTP/1.1\r\nhost: a\r\n${more}\r\n`;
const authorized = `authorization: Bearer ${token}\r\n`;
const bodyHead = `content-type: application/json\r\ncontent-length: 65536\r\n`;
const halfBody = `${post(authorized + bodyHead)}"${'x'.repeat(60_000)}`;
const posts = [
  halfBody,
  `${post(bodyHead)}"${'x'.repeat(60_000)}`,
  post(authorized).repeat(200),
  post('authorization: Bearer wrong\r\n'),
];

const texts = [halfHeader(15_000), halfHeader(3000), requestLine, ''];
const endlessBody = `${requestLine}content-length: 1000000000\r\n\r\n${'x'.repeat(15_000)}`;

for (const [what, textOf, addresses] of [
  ['half-sent headers of 15 kB from one address', () => halfHeader(15_000), 1],
  ['half-sent headers of every size from one address', (index) => texts[index % 4] ?? '', 1],
  ['half-sent headers of every size from 200 addresses', (index) => texts[index % 4] ?? '', 200],
  ['bodies that never end', () => endlessBody, 1],
  ['half-sent bodies of 60 kB to POST /trigger, with its token', () => halfBody, 1],
  ['POST /trigger of every kind', (index) => posts[index % 4] ?? '', 1],
  [
    'hundreds of requests at once, whose answers are not read',
    () => `GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n`.repeat(200),
    1,
  ],
] as const satisfies readonly (readonly [string, (index: number) => string, number])[]) {
  test(`9,000 connections with ${what} do not kill the program, and probes and scrapes still get responses`, {
    timeout: 180_000,
    skip,
  }, async (t) => {
    const program = await served(t);
    const addressOf = (index: number) => `127.0.1.${1 + (index % addresses)}`;
    for (let round = 0; round < 18; round += 1) {
      const opened = flood(t, program, 500, textOf, addressOf);
      // With many addresses, the server ends the oldest connection. The probe runs in the same process as the
      // flood, so it may be slow and become the oldest. In that case, the probe is sent after the burst only.
      if (addresses === 1) assert.equal(await statusOf(program, '/healthz', '127.0.2.1'), 200);
      await opened;
      assert.equal(await statusOf(program, '/healthz', '127.0.2.1'), 200);
    }
    assert.equal(await statusOf(program, '/readyz', '127.0.2.1'), 200);
    assert.equal(await statusOf(program, '/metrics', '127.0.2.2'), 200);
    const peak = peakMemory(program.pid);
    t.diagnostic(`${Math.round(peak / 2 ** 20)} MiB at its peak`);
    assert.ok(peak < shippedLimit(), `${peak} bytes`);
  });
}
