/** `wave-cron schedule` with a watch of ConfigMaps through a fault proxy. */
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { path } from '../../tools/control-plane/api.ts';
import { configMap, deployment, using } from '../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { optedIn } from '../handler/run-pass.ts';
import type { LogLine } from '../jobs/run-program.ts';
import { type Fault, type FaultProxy, faultProxy } from './fault-proxy.ts';
import { type Once, startOnce } from './program.ts';

export type Shop = {
  namespace: string;
  proxy: FaultProxy;
  /** Starts a replica whose requests go through the proxy. */
  start(name: string, ...flags: readonly string[]): Promise<Once>;
  /** Changes the ConfigMap that the Deployment `web` uses. */
  change(level: string): Promise<unknown>;
};

export const watchOfConfigMaps = /\/configmaps\?.*watch=true/;

/** Passes start only at the start of the program, and once a year. */
export const rarely = ['--schedule', '0 0 1 1 *'] as const;

/** A namespace with one opted-in Deployment. */
export async function shop(t: TestContext): Promise<Shop> {
  const { api } = testCluster();
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  const pod = using({ configMap: 'settings' });
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  const proxy = await faultProxy(t);
  const kubeconfig = proxy.kubeconfig();
  return {
    namespace,
    proxy,
    async start(name, ...flags) {
      const program = await startOnce(t, name, {
        ...{ namespace, kubeconfig, command: 'schedule', leaseSeconds: 5 },
        flags: ['--listen', '127.0.0.1:0', '--triggers-watch', 'ConfigMap', ...flags],
      });
      return program;
    },
    change: (level) => api.patch(path('ConfigMap', namespace, 'settings'), { data: { level } }),
  };
}

export const isFull = ({ pass, partial }: LogLine) => pass === 'Completed' && partial === undefined;
export const isWritten = ({ name, reason }: LogLine) =>
  name === 'web' && reason === 'ConfigChanged';
export const fullPasses = (program: Once) => program.log().filter(isFull).length;

/** Applies a fault to the watch of ConfigMaps until `repair` is called. */
export function breakWatch(proxy: FaultProxy, fault: Fault) {
  let isBroken = true;
  let asked = 0;
  proxy.on('GET', watchOfConfigMaps, async (exchange) => {
    asked += 1;
    await (isBroken ? fault(exchange) : exchange.stream());
  });
  proxy.cutWatches();
  return {
    /** Resolves when the watch was requested this number of times. */
    asked: (times: number): Promise<void> => until(() => asked >= times),
    repair(): void {
      isBroken = false;
    },
  };
}

export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await pause(20);
}
