/** `status` as people run it, on a real control plane. */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import type { StatusReport } from '../../../handler/status/status.ts';
import { defaultSettings } from '../../../lib/settings/schema.ts';
import type { WorkloadStatus } from '../../../lib/status/workload-status.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import {
  type Rule,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import {
  getting,
  permissionOnNamespace,
  requestsIn,
  runPass,
  writeVerbs,
} from '../../handler/run-pass.ts';
import { type Run, runProgram, startProgram } from '../run-program.ts';
import { changeSettings, statusShop } from '../status-shop.ts';

const { api, cluster } = testCluster();
const admin = ['--kubeconfig', cluster.kubeconfig];

const listing: Rule = {
  apiGroups: ['apps'],
  resources: ['deployments', 'statefulsets', 'daemonsets'],
  verbs: ['list'],
};

async function reportOf(...args: readonly string[]): Promise<StatusReport> {
  const run = await runProgram(['status', '-o', 'json', ...args]);
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) as StatusReport;
}

function statusIn({ workloads }: StatusReport, name: string): WorkloadStatus {
  const found = workloads.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no status of ${name}`);
  return found;
}

suite('status', { concurrency: true }, () => {
  test('shows each opted-in workload of the namespace, with those that need a person first, and writes nothing', async (t) => {
    const namespace = await statusShop(t);
    await nextSecond();
    await changeSettings(namespace, 'debug');
    const audit = await auditFromHere(cluster);
    const run = await runProgram(['status', '-n', namespace, ...admin]);
    assert.equal(run.status, 0, run.stderr);
    const [header = '', ...rows] = run.stdout.split('\n');
    assert.match(header, /^KIND +NAME +STATE +FOR +CHANGED +UNTIL +MESSAGE$/);
    assert.match(
      rows[0] ?? '',
      /^Deployment +lost +MissingSource +<unknown> +<none> +<none> +.*nowhere/,
    );
    assert.match(
      rows[1] ?? '',
      /^Deployment +web +ConfigChanged +\d+s +ConfigMap\/settings +<none> /,
    );
    assert.match(rows[2] ?? '', /^Deployment +(closed|idle) +RolledOut +\d+s +<none> +<none>$/);
    assert.match(
      run.stdout,
      /\n\n4 workloads: 1 needs a person, 1 waits for the next pass, 2 are up to date\.\n$/,
    );
    const requests = await audit.entries(requestsIn(namespace));
    assert.ok(requests.length > 0);
    assert.deepEqual(
      requests.filter(({ verb }) => writeVerbs.includes(verb)),
      [],
    );
  });

  test('shows the begin, the end and the change of a hold', async (t) => {
    const namespace = await statusShop(t);
    await changeSettings(namespace, 'debug');
    const until = '2999-01-01T00:00:00Z';
    const paused = { paused: until };
    await runPass(namespace, {
      settings: { rollouts: { ...defaultSettings.rollouts, ...paused } },
    });
    const report = await reportOf('-n', namespace, ...admin, '--rollouts-paused', until);
    const web = statusIn(report, 'web');
    assert.deepEqual(
      [web.state, web.changed, web.heldUntil, web.certain, web.wouldRestart],
      ['Paused', ['ConfigMap/settings'], until, true, false],
    );
    assert.match(web.since ?? '', /^20\S+Z$/);
    assert.match(web.lastRollout ?? '', /^20\S+Z$/);
  });

  test('shows a rollout that is under way, and one that has failed', async (t) => {
    const namespace = await statusShop(t);
    await api.patch(path('Deployment', namespace, 'web'), {
      spec: { replicas: 1, progressDeadlineSeconds: 600 },
    });
    await changeSettings(namespace, 'debug');
    await runPass(namespace);
    const before = statusIn(await reportOf('-n', namespace, ...admin), 'web');
    assert.equal(before.state, 'RollingOut');
    await api.patch(path('Deployment', namespace, 'web'), { spec: { progressDeadlineSeconds: 1 } });
    await api.waitFor(path('Deployment', namespace, 'web'), (it) =>
      JSON.stringify(it?.status ?? {}).includes('ProgressDeadlineExceeded'),
    );
    const report = await reportOf('-n', namespace, ...admin);
    const [first] = report.workloads;
    assert.deepEqual([first?.name, first?.state], ['web', 'RolloutFailed']);
    assert.match(first?.sentence ?? '', /exceeded its deadline of 1 s/);
  });

  test('-o name prints names that kubectl and explain accept', async (t) => {
    const namespace = await statusShop(t);
    const run = await runProgram(['status', '-n', namespace, '-o', 'name', ...admin]);
    const names = run.stdout.trimEnd().split('\n');
    assert.equal(names[0], 'deployment.apps/lost');
    assert.equal(names.length, 4);
    const explained = await runProgram(['explain', String(names[0]), '-n', namespace, ...admin]);
    assert.equal(explained.status, 0, explained.stderr);
    const empty = await testNamespace(t);
    const nothing = await runProgram(['status', '-n', empty, '-o', 'name', ...admin]);
    assert.deepEqual([nothing.status, nothing.stdout], [0, '']);
  });

  test('-A shows the namespaces of the settings with their names, -n only one of them', async (t) => {
    const [one, other] = [await statusShop(t), await statusShop(t)];
    const both = [...admin, '--namespaces', `${one},${other}`];
    const all = await runProgram(['status', '-A', ...both]);
    assert.match(all.stdout, /^NAMESPACE +KIND /);
    for (const namespace of [one, other]) {
      assert.match(all.stdout, new RegExp(`^${namespace} +Deployment +web `, 'm'));
    }
    const wide = await runProgram(['status', '-o', 'wide', ...both]);
    assert.match(wide.stdout, /^NAMESPACE .*LAST ROLLOUT +MESSAGE$/m);
    const refused = await runProgram(['status', '-n', one, ...both]);
    assert.equal(refused.status, 2);
    const env = { WAVE_NAMESPACES: one };
    const outside = await runProgram(['status', '-n', other, ...admin], env);
    assert.deepEqual(
      [outside.status, outside.stdout],
      [
        0,
        `Passes do not handle namespace ${other}: setting namespaces is ${one}, which does not include ${other}.\n`,
      ],
    );
  });

  test('ends with 1 if a list is missing, with 3 if all are, and with 2 for invalid usage', async (t) => {
    const namespace = await statusShop(t);
    const some = { ...listing, resources: ['deployments'] };
    const rules = [getting('configmaps', 'secrets'), permissionOnNamespace];
    const partly = await serviceAccount(t, { namespace, rules: [some, ...rules] });
    const none = await serviceAccount(t, { namespace, rules });
    const incomplete = await runProgram(['status', '--kubeconfig', partly.kubeconfig]);
    assert.equal(incomplete.status, 1);
    assert.match(incomplete.stderr, /DaemonSets of namespace \S+ could not be listed/);
    assert.match(incomplete.stdout, /^Deployment +web /m);
    const denied = await runProgram(['status', '--kubeconfig', none.kubeconfig]);
    assert.deepEqual([denied.status, denied.stdout], [3, '']);
    const usage = await runProgram(['status', '--interval', 'soon', ...admin]);
    assert.equal(usage.status, 2);
    assert.match(usage.stderr, /--interval is "soon": must be a duration from 1s to 1d/);
  });
});

suite('status --watch', { concurrency: true }, () => {
  const lines = (output: string) => output.split('\n').length - 1;
  const tables = (output: string) => output.match(/ up to date\.$/gm)?.length ?? 0;

  /** Changes ConfigMap settings after the first output, and stops the program with Ctrl-C after the second. */
  async function watchChange(
    t: TestContext,
    args: readonly string[],
    outputs: (stdout: string) => number,
  ): Promise<Run> {
    const namespace = await statusShop(t);
    const command = ['status', '--watch', '--interval', '1s', '-n', namespace, ...admin, ...args];
    const program = startProgram(command);
    t.after(() => program.kill('SIGKILL'));
    await program.printed((stdout) => outputs(stdout) === 1, 'a first output');
    await changeSettings(namespace, 'debug');
    await program.printed((stdout) => outputs(stdout) === 2, 'a second output');
    program.kill('SIGINT');
    return await program.ended;
  }

  test('on a pipe prints a table at each change and no other, and Ctrl-C is its normal end', async (t) => {
    const run = await watchChange(t, [], tables);
    assert.equal(run.status, 0, run.stderr);
    const [first = '', second = ''] = run.stdout.split(/^KIND /m).slice(1);
    assert.match(first, /up to date\.\n\n$/);
    assert.match(second, /^Deployment +web +ConfigChanged /m);
    assert.equal(tables(run.stdout), 2);
  });

  test('with -o json prints a line of JSON at each change', async (t) => {
    const run = await watchChange(t, ['-o', 'json'], lines);
    const reports = run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as StatusReport);
    assert.deepEqual(
      reports.map((report) => statusIn(report, 'web').state),
      ['RolledOut', 'ConfigChanged'],
    );
  });
});

/** Times in the Kubernetes API have whole seconds. */
const nextSecond = () => new Promise((resolve) => setTimeout(resolve, 1_100));
