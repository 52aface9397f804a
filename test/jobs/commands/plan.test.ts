/** The output of `plan` and `once` about held workloads. */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { path } from '../../../tools/control-plane/api.ts';
import { configMap, deployment, using } from '../../../tools/control-plane/objects.ts';
import { testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { optedIn, runPass } from '../../handler/run-pass.ts';
import type { Flags } from '../run-check.ts';
import { runOnce } from '../run-once.ts';
import { runProgram } from '../run-program.ts';

const { api, cluster } = testCluster();

const until = '2999-01-01T00:00:00Z';

/** Creates Deployments web and api, whose configuration changed, and quiet, whose configuration did not. */
async function changed(t: TestContext): Promise<string> {
  const namespace = await testNamespace(t);
  for (const name of ['settings', 'other']) {
    await api.create(configMap({ namespace, name, data: { level: 'info' } }));
  }
  for (const [name, source] of [
    ['web', 'settings'],
    ['api', 'settings'],
    ['quiet', 'other'],
  ] as const) {
    const pod = using({ configMap: source });
    await api.create(deployment({ namespace, name, annotations: optedIn, pod }));
  }
  await runPass(namespace);
  await api.patch(path('ConfigMap', namespace, 'settings'), { data: { level: 'debug' } });
  return namespace;
}

suite('held workloads', () => {
  test('are in a plan, which counts them and shows the end of each hold, and do not count as changes', async (t) => {
    const namespace = await changed(t);
    const args = [
      ...['plan', '--kubeconfig', cluster.kubeconfig, '--namespaces', namespace],
      ...['--rollouts-paused', until, '--exit-code'],
    ];
    const table = await runProgram(args);
    assert.equal(table.status, 0, table.stderr);
    assert.match(
      table.stdout,
      /Deployment +web +Paused +its configuration changed .* nothing is written until 2999-/,
    );
    assert.match(
      table.stdout,
      /^0 to restart, 2 held back, 0 blocked, 1 with nothing to do \(--all shows them\)\.$/m,
    );
    const { workloads } = JSON.parse((await runProgram([...args, '-o', 'json'])).stdout);
    const [held, quiet] = [workloads[0].held, workloads[1].held];
    assert.equal(held.until, until);
    assert.match(held.since, /^20\S+Z$/);
    assert.equal(quiet, undefined);
  });

  test('are counted in the summary of each pass, and have a line each in the first pass only', async (t) => {
    const namespace = await changed(t);
    const flags: Flags = {
      ...{ namespaces: namespace, 'lease.namespace': namespace },
      'rollouts.paused': 'true',
    };
    const loud = async () => {
      const { status, lines } = await runOnce(cluster.kubeconfig, flags);
      assert.equal(status, 0);
      return lines.filter(({ level }) => level !== 'debug').map(({ msg }) => msg);
    };
    const [one, other, summary, ...more] = await loud();
    assert.deepEqual(more, []);
    for (const line of [one, other]) assert.match(line ?? '', /^its configuration changed/);
    const counted = / 2 held back \(the oldest since 20\S+Z\); /;
    assert.match(summary ?? '', counted);
    const [again, ...rest] = await loud();
    assert.match(again ?? '', counted);
    assert.deepEqual(rest, []);
  });
});
