/**
 * The same requests as a pass, with nothing around them: one pool of connections of the same HTTP
 * client, nothing parsed but page tokens, no retries. What a pass takes longer than this is its own.
 *
 * Reads what to do from BENCH_FLOOR_FILE, and is in the cluster as the program is: by the
 * environment of a Pod and the files of its service account.
 */
import { readFileSync } from 'node:fs';
import pLimit from 'p-limit';

/** What the floor is to do. */
export interface FloorTask {
  readonly account: string;
  readonly userAgent: string;
  /** Whether to begin only at the first byte on standard input. */
  readonly waits?: boolean;
  /** Read and patched before everything else, and patched again at the end. */
  readonly lease?: string;
  /** Asked for at once, each page by page. */
  readonly lists: readonly string[];
  /** Asked for 16 at once. */
  readonly reads: readonly string[];
  /** Sent 8 at once; each of a group after the one before it. */
  readonly writes: readonly (readonly FloorWrite[])[];
}

export interface FloorWrite {
  readonly method: 'PATCH' | 'POST';
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

const task = JSON.parse(readFileSync(process.env['BENCH_FLOOR_FILE'] ?? '', 'utf8')) as FloorTask;
// As an ES module it would load much that is not needed; see lib/http/node-http.ts.
const https = process.getBuiltinModule('node:https');
const token = readFileSync(`${task.account}/token`, 'utf8');
const agent = new https.Agent({ keepAlive: true, ca: readFileSync(`${task.account}/ca.crt`) });
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;

let bytes = 0;

function send(path: string, write?: Omit<FloorWrite, 'path'>): Promise<string> {
  const { method = 'GET', contentType = 'application/json', body } = write ?? {};
  const headers = {
    authorization: `Bearer ${token}`,
    'user-agent': task.userAgent,
    'content-type': contentType,
  };
  return new Promise((resolve, reject) => {
    const request = https.request({ host, port, path, method, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
      });
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if ((response.statusCode ?? 0) < 300) resolve(text);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function list(path: string): Promise<void> {
  let token = '';
  do {
    const page = await send(`${path}${token === '' ? '' : `&continue=${token}`}`);
    token = /"continue":"([^"]+)"/.exec(page.slice(0, 1000))?.[1] ?? '';
  } while (token !== '');
}

async function patchLease(): Promise<void> {
  if (task.lease === undefined) return;
  await send(task.lease, {
    method: 'PATCH',
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ spec: { renewTime: new Date().toISOString().replace('Z', '000Z') } }),
  });
}

if (task.waits === true) {
  process.stdout.write('ready\n');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  process.stdin.destroy();
}
if (task.lease !== undefined) await send(task.lease);
await patchLease();
await Promise.all(task.lists.map(list));
const reads = pLimit(16);
await Promise.all(task.reads.map((path) => reads(send, path)));
const writes = pLimit(8);
await Promise.all(
  task.writes.map((group) =>
    writes(async () => {
      for (const { path, ...write } of group) await send(path, write);
    }),
  ),
);
await patchLease();
agent.destroy();
process.stdout.write(String(bytes));
