/**
 * The built program with an open port, for tests that send the program more than usual clients
 * would.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { parse } from 'yaml';
import { testCluster, testNamespace } from '../../tools/control-plane/testing.ts';
import { builtCommand } from './built-program.ts';
import { type Program, startProgram } from './run-program.ts';

export const token = 'a-token-for-the-flood';

/** The tests read /proc, which only Linux has. */
export const skip = process.platform === 'linux' ? false : 'it reads /proc';

/** The memory limit of the shipped Deployment, in bytes. */
export function shippedLimit(): number {
  const file = join(import.meta.dirname, '../../manifests/deployment/deployment.yaml');
  const { spec } = parse(readFileSync(file, 'utf8'));
  const [, mebibytes = ''] =
    /^(\d+)Mi$/.exec(spec.template.spec.containers[0].resources.limits.memory) ?? [];
  return Number(mebibytes) * 2 ** 20;
}

/** The peak memory of a process, in bytes. */
export function peakMemory(pid: number): number {
  const [, kB = ''] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kB) * 1024;
}

/** The number of open files and sockets of a process. */
export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

export type Served = { program: Program; pid: number; host: string; port: number };

/**
 * Starts the program. Resolves after its first pass.
 *
 * @param pace flags that determine when passes start
 */
export async function served(
  t: TestContext,
  pace: readonly string[] = ['--schedule', '0 0 1 1 *'],
): Promise<Served> {
  const namespace = await testNamespace(t);
  const folder = mkdtempSync(join(tmpdir(), 'trigger-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'token'), token);
  const args = [
    'schedule',
    ...['--kubeconfig', testCluster().cluster.kubeconfig],
    ...['--namespaces', namespace, '--lease-namespace', namespace],
    ...['--listen', '127.0.0.1:0', ...pace],
    ...['--triggers-http-token-file', join(folder, 'token')],
  ];
  const program = startProgram(args, {}, builtCommand());
  t.after(() => program.kill('SIGKILL'));
  await program.logged(({ pass }) => pass === 'Completed', 'a pass');
  const line = await program.logged((it) => it['listen'] !== undefined, 'listening');
  const [host = '', port] = String(line['listen']).split(':');
  return { program, pid: program.pid, host, port: Number(port) };
}
