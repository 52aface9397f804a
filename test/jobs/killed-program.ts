import type { TestContext } from 'node:test';
import { faultProxy } from '../faults/fault-proxy.ts';
import { startProgram } from './run-program.ts';

/**
 * Runs the program, and kills it with SIGKILL after the cluster has done its nth write to a workload or a
 * source, but before the program gets the response. Without `n`, the program runs to its end.
 *
 * @param argsWith returns the arguments for a kubeconfig
 * @returns the exit status (null if the program was killed) and the number of these writes
 */
export async function runKilledAfter(
  t: TestContext,
  n: number | undefined,
  argsWith: (kubeconfig: string) => readonly string[],
): Promise<{ status: number | null; writes: number }> {
  const proxy = await faultProxy(t);
  let writes = 0;
  proxy.on('PATCH', /\/(deployments|configmaps|secrets)\//, async ({ forward, reply }) => {
    const answer = await forward();
    writes += 1;
    if (writes === n) program.kill('SIGKILL');
    else reply(answer);
  });
  const program = startProgram(argsWith(proxy.kubeconfig()));
  const { status } = await program.ended;
  return { status, writes };
}
