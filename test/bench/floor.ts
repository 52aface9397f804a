/**
 * The same requests as a pass, with nothing around them: one pool of connections, no parsing, no
 * retries. What a pass takes longer than this is its own. Reads what to do from BENCH_FLOOR_FILE.
 */
import { readFileSync } from 'node:fs';
import pLimit from 'p-limit';
import { Agent, request } from 'undici';
import { parse } from 'yaml';

/** What the floor is to do. */
export interface FloorTask {
  readonly kubeconfig: string;
  /** Read and patched before everything else, and patched again at the end. */
  readonly lease: string;
  /** Asked for at once. */
  readonly lists: readonly string[];
  /** Asked for 16 at once. */
  readonly reads: readonly string[];
  /** Sent 8 at once. */
  readonly writes: readonly {
    readonly method: 'PATCH' | 'POST';
    readonly path: string;
    readonly contentType: string;
    readonly body: string;
  }[];
}

const task = JSON.parse(readFileSync(process.env['BENCH_FLOOR_FILE'] ?? '', 'utf8')) as FloorTask;
const { clusters, users } = parse(readFileSync(task.kubeconfig, 'utf8'));
const { server, ...authority } = clusters[0].cluster;
const credentials = users[0].user;
const pem = (holder: Record<string, string>, name: string): Buffer =>
  holder[`${name}-data`] === undefined
    ? readFileSync(holder[name] ?? '')
    : Buffer.from(holder[`${name}-data`] ?? '', 'base64');

const dispatcher = new Agent({
  connect: {
    ca: pem(authority, 'certificate-authority'),
    cert: pem(credentials, 'client-certificate'),
    key: pem(credentials, 'client-key'),
  },
});

async function send(
  path: string,
  options: { method?: 'PATCH' | 'POST'; body?: string; contentType?: string } = {},
): Promise<void> {
  const { method = 'GET', body = null, contentType = 'application/json' } = options;
  const headers = { 'content-type': contentType, 'user-agent': 'bench-floor' };
  const answer = await request(`${server}${path}`, { dispatcher, method, body, headers });
  await answer.body.arrayBuffer();
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode}`);
}

/** A value that was never there, as a patch that changes nothing writes nothing. */
const patchLease = (step: string): Promise<void> => {
  const annotations = { 'bench/floor': `${process.pid}-${Date.now()}-${step}` };
  return send(task.lease, {
    method: 'PATCH',
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { annotations } }),
  });
};

await send(task.lease);
await patchLease('taken');
await Promise.all(task.lists.map((path) => send(path)));
const reads = pLimit(16);
await Promise.all(task.reads.map((path) => reads(send, path)));
const writes = pLimit(8);
await Promise.all(task.writes.map(({ path, ...options }) => writes(send, path, options)));
await patchLease('given back');
await dispatcher.close();
