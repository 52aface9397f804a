/** `ui` as people start it, on a real control plane. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Overview } from '../../../jobs/ui/overview.ts';
import type { Explanation } from '../../../lib/explanation/explanation.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import {
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { getting, permissionOnNamespace, requestsIn, writeVerbs } from '../../handler/run-pass.ts';
import { assertNoLeak } from '../../secrets/planted.ts';
import { runProgram } from '../run-program.ts';
import { statusShop } from '../status-shop.ts';
import { startUi, type Ui } from '../ui/shown-page.ts';

const { cluster } = testCluster();

/** The data of the page, without the value of a Secret. */
async function data<T>({ origin, token }: Ui, path: string): Promise<T> {
  const headers = { authorization: `Bearer ${token}` };
  const text = await (await fetch(`${origin}${path}`, { headers })).text();
  assertNoLeak(path, text);
  return JSON.parse(text) as T;
}

const statesIn = ({ report }: Overview) =>
  Object.fromEntries(
    report.workloads.map(({ name, state, certain }) => [name, certain ? state : `${state}?`]),
  );

suite('ui', { concurrency: true }, () => {
  test('prints one address with a token, serves what status shows, and writes nothing', async (t) => {
    const namespace = await statusShop(t);
    const audit = await auditFromHere(cluster);
    const ui = await startUi(t, ['-n', namespace]);
    assert.match(ui.address, /^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/);
    const overview = await data<Overview>(ui, '/api/overview');
    const status = await runProgram(
      ['status', '-o', 'json', '-n', namespace, '--kubeconfig', cluster.kubeconfig],
      {},
    );
    assert.deepEqual(overview.report.workloads, JSON.parse(status.stdout).workloads);
    const query = new URLSearchParams({ kind: 'Deployment', namespace, name: 'closed' });
    const explanation = await data<Explanation>(ui, `/api/workload?${query}`);
    assert.equal(explanation.references[0]?.source, 'Secret/password');
    const requests = await audit.entries(requestsIn(namespace));
    assert.deepEqual(
      requests.filter(({ verb }) => writeVerbs.includes(verb)),
      [],
    );
  });

  test('uses the permissions of the caller, and says what they do not show', async (t) => {
    const namespace = await statusShop(t);
    const listing = {
      apiGroups: ['apps'],
      resources: ['deployments', 'statefulsets', 'daemonsets'],
    };
    const rules = [
      { ...listing, verbs: ['list', 'get'] },
      getting('configmaps'),
      permissionOnNamespace,
    ];
    const { kubeconfig } = await serviceAccount(t, { namespace, rules });
    const ui = await startUi(t, [], kubeconfig);
    const states = statesIn(await data<Overview>(ui, '/api/overview'));
    assert.equal(states['closed'], 'Unknown?');
    assert.equal(states['idle'], 'RolledOut');
    const query = new URLSearchParams({ kind: 'Deployment', namespace, name: 'closed' });
    const { notRead } = await data<Explanation>(ui, `/api/workload?${query}`);
    assert.ok(notRead.some(({ what }) => what === 'Secret/password'));
  });

  test('ends with status 0 on Ctrl-C, although a page is open', async (t) => {
    const ui = await startUi(t, ['-n', await testNamespace(t)]);
    const headers = { authorization: `Bearer ${ui.token}` };
    const { body } = await fetch(`${ui.origin}/api/live`, { headers });
    const reading = Array.fromAsync(body ?? []).catch(() => undefined);
    ui.program.kill('SIGINT');
    const { status, stderr } = await ui.program.ended;
    assert.deepEqual([status, stderr], [0, '']);
    await reading;
  });

  test('ends before it serves anything if the cluster or the usage is wrong', async (t) => {
    const namespace = await testNamespace(t);
    const none = await serviceAccount(t, { namespace });
    const denied = await runProgram(['ui', '--kubeconfig', none.kubeconfig]);
    assert.deepEqual([denied.status, denied.stdout], [3, '']);
    for (const port of ['http', '-1', '65536', '1e3', '']) {
      const usage = await runProgram(['ui', `--port=${port}`, '--kubeconfig', cluster.kubeconfig]);
      assert.equal(usage.status, 2, port);
      assert.match(usage.stderr, /--port is .*: must be a number from 0 to 65535\n$/);
    }
  });

  test('says that its port is in use', async (t) => {
    const namespace = await testNamespace(t);
    const { origin } = await startUi(t, ['-n', namespace]);
    const { port } = new URL(origin);
    const args = ['ui', '--port', port, '-n', namespace, '--kubeconfig', cluster.kubeconfig];
    const second = await runProgram(args);
    assert.equal(second.status, 2);
    assert.match(second.stderr, /cannot listen on 127\.0\.0\.1:\d+: another process listens there/);
  });
});
