/** With which code each Pod of a namespace ended, also when its object is gone since. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { testCluster } from '../../tools/control-plane/testing.ts';

export type Exits = {
  /** Of the latest run of a Pod's container, once it has ended. Throws after a while. */
  codeOf(pod: string): Promise<number>;
  stop(): void;
};

const pollMs = 50;
const timeoutMs = 90_000;
const exitCode = (state: string): string =>
  `{.status.containerStatuses[0].${state}.terminated.exitCode}`;
const columns = `{.metadata.name},${exitCode('state')},${exitCode('lastState')}{"\\n"}`;

/** Watches from now on: a status that stands for a moment only is not missed. */
export function watchExits(namespace: string): Exits {
  const { kubeconfig } = testCluster().cluster;
  const kubectl = spawn(
    'kubectl',
    ['--kubeconfig', kubeconfig, '-n', namespace, 'get', 'pods', '-w', '-o', `jsonpath=${columns}`],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const codes = new Map<string, number>();
  createInterface(kubectl.stdout).on('line', (line) => {
    const [pod = '', now, before] = line.split(',');
    const code = now || before;
    if (code) codes.set(pod, Number(code));
  });
  return {
    async codeOf(pod) {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const code = codes.get(pod);
        if (code !== undefined) return code;
        if (performance.now() > deadline) throw new Error(`Pod ${pod} has not ended`);
        await sleep(pollMs);
      }
    },
    stop: () => kubectl.kill(),
  };
}
