/** The writes of hostile tenants before and during passes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, path } from '../../../tools/control-plane/api.ts';
import { flapping, flappingSources, largestSecret, writers, writtenEach } from './tenants.ts';

export const writesASecond = 200;
/** The maximum number of concurrent writes. It keeps the queue of a slow API server short. */
const maxUnderWay = 50;
let changes = 0;

/**
 * Changes sources before a pass: the flapping ones, and those of the workloads that are written during the
 * pass.
 *
 * @param tenants the namespaces of the hostile tenants that exist
 */
export async function changeSources(api: Api, tenants: readonly string[]): Promise<void> {
  changes += 1;
  const data = { level: `${process.pid}-${changes}` };
  const flaps = Array.from({ length: flappingSources }, (_, i) => `flaps-${i}`);
  const small = [
    ...(tenants.includes(flapping.many)
      ? flaps.map((name) => path('ConfigMap', flapping.many, name))
      : []),
    ...writersOf(tenants).map((namespace) => path('ConfigMap', namespace, 'settings')),
  ];
  await Promise.all(small.map((source) => api.patch(source, { data })));
  if (!tenants.includes(flapping.large)) return;
  const { data: large } = largestSecret(flapping.large, 'flaps');
  await api.patch(path('Secret', flapping.large, 'flaps'), { data: large });
}

const writersOf = (tenants: readonly string[]): string[] =>
  writers.filter((namespace) => tenants.includes(namespace));

/** Writes annotations of 30 workloads until `stop` is called, which returns the number of writes per second. */
export function writeWorkloads(api: Api, tenants: readonly string[]): { stop(): Promise<number> } {
  const workloads = writersOf(tenants).flatMap((namespace) =>
    Array.from({ length: writtenEach }, (_, i) => path('Deployment', namespace, `written-${i}`)),
  );
  const began = performance.now();
  const underWay = new Set<Promise<void>>();
  let written = 0;
  let turn = 0;
  let problem: unknown;
  const write = async (): Promise<void> => {
    turn += 1;
    const annotations = { 'hostile.example.com/turn': `${process.pid}-${began}-${turn}` };
    try {
      await api.patch(workloads[turn % workloads.length] ?? '', { metadata: { annotations } });
      written += 1;
    } catch (error) {
      problem ??= error;
    }
  };
  const running = new AbortController();
  const loop = async (): Promise<void> => {
    let due = 0;
    while (!running.signal.aborted && workloads.length > 0) {
      const elapsed = (performance.now() - began) / 1000;
      for (; due < elapsed * writesASecond; due += 1) {
        if (underWay.size >= maxUnderWay) continue;
        const one = write().finally(() => underWay.delete(one));
        underWay.add(one);
      }
      await sleep(5);
    }
    await Promise.all(underWay);
  };
  const done = loop();
  return {
    async stop() {
      running.abort();
      const seconds = (performance.now() - began) / 1000;
      await done;
      // Single writes may fail by a conflict or a timeout. If all of them fail, the benchmark itself is broken.
      if (written === 0 && problem !== undefined) throw problem;
      return written / seconds;
    },
  };
}
