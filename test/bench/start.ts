/** Measures the time from the start of a process to its first request. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { serverCertificate } from '../../tools/control-plane/certificates.ts';
import { paths } from '../../tools/control-plane/cluster-folder.ts';
import { measure, type Spread, spread } from './measure.ts';
import type { Stage } from './stage.ts';

export interface Start {
  /** The time to the first request of the program, including TLS. */
  readonly firstRequestMs: Spread;
  /** The time of a Node process that ends at once. */
  readonly nodeMs: Spread;
}

export async function startTimes(stage: Stage, rounds: number): Promise<Start> {
  const { controlPlane, folder, pod, program, tell } = stage;
  const read = (file: string): string => readFileSync(join(controlPlane.folder, file), 'utf8');
  const authority = { certificate: read(paths.authority), key: read(paths.authorityKey) };
  const { certificate: cert, key } = serverCertificate(authority, ['127.0.0.1']);
  let first = Number.POSITIVE_INFINITY;
  const server = createServer({ cert, key }, (_request, response) => {
    first = Math.min(first, Date.now());
    // An error response to the first request ends the pass at once.
    response.writeHead(403, { 'content-type': 'application/json' });
    response.end('{"kind":"Status","message":"that is all","reason":"Forbidden"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const firstRequests: number[] = [];
  const bare: number[] = [];
  tell('from start to the first request ...');
  for (let round = 0; round < rounds; round += 1) {
    first = Number.POSITIVE_INFINITY;
    const environment = { ...pod.environment, KUBERNETES_SERVICE_PORT: String(port) };
    const { startedAt } = await measure([program, 'once'], environment, folder, 3);
    firstRequests.push(first - startedAt);
    bare.push((await measure([process.execPath, '--eval', ''], {}, folder)).wallMs);
  }
  server.close();
  return { firstRequestMs: spread(firstRequests), nodeMs: spread(bare) };
}
