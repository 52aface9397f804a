import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { builtCommand } from '../built-program.ts';
import { startProgram } from '../run-program.ts';
import { skip } from '../served.ts';

/** The command-line arguments of the running process. */
async function argumentsOf(t: TestContext, ...flags: readonly string[]): Promise<string[]> {
  const namespace = await testNamespace(t);
  const { kubeconfig } = testCluster().cluster;
  const program = startProgram(
    [
      ...['schedule', '--kubeconfig', kubeconfig, '--namespaces', namespace],
      ...['--lease-namespace', namespace, '--listen', '127.0.0.1:0', ...flags],
    ],
    {},
    builtCommand(),
  );
  t.after(() => program.kill('SIGKILL'));
  await program.logged(({ pass }) => pass === 'Completed', 'a pass');
  const found = readFileSync(`/proc/${program.pid}/cmdline`, 'utf8').split('\0');
  program.kill('SIGTERM');
  const { status, stderr } = await program.ended;
  assert.deepEqual([status, stderr], [0, '']);
  return found.filter((each) => each.startsWith('--optimize'));
}

test('with watches, the program runs with a smaller heap, in the same process', {
  skip,
}, async (t) => {
  assert.deepEqual(await argumentsOf(t, '--triggers-watch', 'ConfigMap'), ['--optimize-for-size']);
  assert.deepEqual(await argumentsOf(t), []);
});
