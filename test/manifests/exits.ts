/** The exit codes of the Pods in a namespace, even if the Pod is deleted afterwards. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { testCluster } from '../../tools/control-plane/testing.ts';

export type Exits = {
  /**
   * Returns the exit code of the latest run of the Pod's container after that run has ended. Throws after a
   * timeout.
   */
  codeOf(pod: string): Promise<number>;
  stop(): void;
};

const pollMs = 50;
const timeoutMs = 90_000;
const exitCode = (state: string): string =>
  `{.status.containerStatuses[0].${state}.terminated.exitCode}`;
const columns = `{.metadata.name},${exitCode('state')},${exitCode('lastState')}{"\\n"}`;

/** Starts a watch, which also sees a status that exists only for a moment. */
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
