import type { TestContext } from 'node:test';
import { faultProxy } from '../faults/fault-proxy.ts';
import { startProgram } from './run-program.ts';

/**
 * Runs the program and kills it with SIGKILL when its nth write to a workload or a source has been
 * done and before it hears of it; without `n` it comes to its end.
 *
 * @param argsWith the arguments, with a kubeconfig to be used
 * @returns its status, null where it was killed, and how many such writes there were
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
