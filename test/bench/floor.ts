/**
 * The floor: makes the same requests as a pass, and does nothing else. It uses one connection pool of the same
 * HTTP client, parses only page tokens, and does not retry. The difference to a pass is the cost of wave-cron
 * itself.
 *
 * It reads its task from BENCH_FLOOR_FILE. It connects to the cluster like the program: with the environment of
 * a Pod and the files of its service account.
 */
import { readFileSync } from 'node:fs';
import pLimit from 'p-limit';

/** The requests that the floor makes. */
export interface FloorTask {
  readonly account: string;
  readonly userAgent: string;
  /** Whether the floor waits for the first byte on standard input before it begins. */
  readonly waits?: boolean;
  /** The path of a Lease. The floor reads and patches it before everything else, and patches it again at the end. */
  readonly lease?: string;
  /** Lists, which the floor requests concurrently, each page by page. */
  readonly lists: readonly string[];
  /** Objects, which the floor reads 16 at a time. */
  readonly reads: readonly string[];
  /** Writes, which the floor sends 8 at a time. The writes of a group are sent in order. */
  readonly writes: readonly (readonly FloorWrite[])[];
}

export interface FloorWrite {
  readonly method: 'PATCH' | 'POST';
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

const task = JSON.parse(readFileSync(process.env['BENCH_FLOOR_FILE'] ?? '', 'utf8')) as FloorTask;
// An import as an ES module would load many modules that are not needed: see lib/http/node-http.ts.
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
