import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { account } from './pod.ts';
import { runProgram } from './scenarios.ts';
import type { Stage } from './stage.ts';

/** CPU time of the API server, in milliseconds. */
export interface ServerCpu {
  /** The cost of one pass. The idle CPU time of the API server is subtracted. */
  readonly pass: number;
  /** The cost of an hour with a pass each minute. */
  readonly hourOfPasses: number;
  /** The cost of an hour in which a controller only watches workloads, ConfigMaps and Secrets, and nothing changes. */
  readonly hourOfWatches: number;
}

/** @param seconds the duration of each period without passes */
export async function serverCpu(stage: Stage, passes: number, seconds: number): Promise<ServerCpu> {
  const { 'kube-apiserver': pid } = stage.controlPlane.pids;
  if (pid === undefined) throw new Error('the API server does not run');
  const during = async (work: () => Promise<unknown>): Promise<{ cpu: number; ms: number }> => {
    const [before, began] = [cpuMs(pid), performance.now()];
    await work();
    return { cpu: cpuMs(pid) - before, ms: performance.now() - began };
  };
  stage.tell('the CPU time of the API server ...');
  const idle = [await during(() => sleep(seconds * 1000))];
  const busy = await during(async () => {
    for (let i = 0; i < passes; i += 1) await runProgram(stage);
  });
  idle.push(await during(() => sleep(seconds * 1000)));
  const stopWatching = await watchAll(stage);
  const watching = await during(() => sleep(seconds * 1000));
  stopWatching();
  // Idle CPU time is measured before and after, because the API server's own work varies.
  idle.push(await during(() => sleep(seconds * 1000)));
  const perMs = sum(idle.map(({ cpu }) => cpu)) / sum(idle.map(({ ms }) => ms));
  const pass = (busy.cpu - perMs * busy.ms) / passes;
  const hourMs = 3_600_000;
  return {
    pass,
    hourOfPasses: pass * 60,
    hourOfWatches: Math.max(0, (watching.cpu / watching.ms - perMs) * hourMs),
  };
}

const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);

/** Opens the watches of a controller. The lists before them are not part of the measurement. */
async function watchAll({ api, controlPlane, pod }: Stage): Promise<() => void> {
  const { certificate: cert, key } = controlPlane.clientCertificate({
    commonName: 'bench-watcher',
    organizations: ['system:masters'],
  });
  const resources = ['apps/v1/deployments', 'apps/v1/statefulsets', 'apps/v1/daemonsets'].map(
    (r) => `/apis/${r}`,
  );
  const requests = [...resources, '/api/v1/configmaps', '/api/v1/secrets'].map(async (resource) => {
    const { metadata } = await api.get<{ metadata: { resourceVersion: string } }>(
      `${resource}?limit=1`,
    );
    const request = get({
      host: pod.environment['KUBERNETES_SERVICE_HOST'],
      port: pod.environment['KUBERNETES_SERVICE_PORT'],
      path: `${resource}?watch=1&allowWatchBookmarks=true&resourceVersion=${metadata.resourceVersion}`,
      ca: readFileSync(`${account}/ca.crt`),
      cert,
      key,
    });
    request.on('response', (response) => {
      if (response.statusCode !== 200) throw new Error(`watch ${resource}: ${response.statusCode}`);
      response.resume();
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET') throw error;
    });
    return request;
  });
  const open = await Promise.all(requests);
  await sleep(2000);
  return () => {
    for (const request of open) request.destroy();
  };
}

/** The CPU time (user and system) of a process since its start, in milliseconds. */
export function cpuMs(pid: number): number {
  // The name of the process, in parentheses, may contain spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const clockTicksPerSecond = 100;
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / clockTicksPerSecond;
}
