import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { version } from '../../lib/version.ts';
import { path } from '../../tools/control-plane/api.ts';
import { configMap, deployment, secret, using } from '../../tools/control-plane/objects.ts';
import {
  type Rule,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../tools/control-plane/testing.ts';
import { faultProxy } from '../faults/fault-proxy.ts';
import {
  eventsAbout,
  getting,
  hashAnnotation,
  optedIn,
  permissionsOfOwnership,
  permissionsOnEvents,
  permissionsOnWorkloads,
  templateAnnotations,
} from '../handler/run-pass.ts';
import { type LogLine, linesOf, logLines, type Run, runProgram } from './run-program.ts';

const permissionsOnLeases: Rule = {
  apiGroups: ['coordination.k8s.io'],
  resources: ['leases'],
  verbs: ['get', 'patch', 'create'],
};

/** Flags that confine a command to a namespace, which also contains its Lease. */
const within = (namespace: string, kubeconfig = testCluster().cluster.kubeconfig) => [
  '--kubeconfig',
  kubeconfig,
  '--namespaces',
  namespace,
  '--lease-namespace',
  namespace,
];

/** Creates a namespace with Deployment web, which uses ConfigMap settings. */
async function shop(t: TestContext): Promise<string> {
  const { api } = testCluster();
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  await api.create(
    deployment({
      namespace,
      name: 'web',
      annotations: optedIn,
      pod: using({ configMap: 'settings' }),
    }),
  );
  return namespace;
}

function temporaryFile(t: TestContext, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-settings-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const isSummary = (line: LogLine) => 'pass' in line;

function summaryOf(run: Run): LogLine {
  const summaries = logLines(run.stdout).filter(isSummary);
  assert.equal(summaries.length, 1, run.stdout + run.stderr);
  return summaries[0] as LogLine;
}

function lineAbout(run: Run, name: string): LogLine {
  const lines = logLines(run.stdout).filter((line) => line['name'] === name);
  assert.equal(lines.length, 1, run.stdout + run.stderr);
  return lines[0] as LogLine;
}

function assertNoStack({ stdout, stderr }: Run): void {
  assert.doesNotMatch(
    stdout + stderr,
    /^\s+at |\bat file:|node:internal|UnhandledPromise|\.ts:\d/m,
  );
}

suite('once', { concurrency: true }, () => {
  test('a change is one log line, the summary of the pass another, and a pass with nothing to do logs only its summary', async (t) => {
    const { api } = testCluster();
    const namespace = await shop(t);

    const first = await runProgram(['once', ...within(namespace)]);
    assert.equal(first.status, 0, first.stdout + first.stderr);
    assert.equal(first.stderr, '');
    assert.equal(logLines(first.stdout).length, 2);
    const seen = lineAbout(first, 'web');
    assert.deepEqual(
      [seen.level, seen['reason'], seen['kind'], seen['namespace']],
      ['info', 'FirstSeen', 'Deployment', namespace],
    );
    const hash = (await templateAnnotations(namespace, 'web'))[hashAnnotation];
    assert.ok(hash);

    const idle = await runProgram(['once', ...within(namespace)]);
    assert.equal(idle.status, 0);
    assert.equal(logLines(idle.stdout).length, 1);
    const summary = summaryOf(idle);
    assert.deepEqual(
      [summary.level, summary['pass'], summary['workloads'], summary['written']],
      ['info', 'Completed', 1, 0],
    );
    assert.deepEqual(summary['counts'], { UpToDate: 1 });
    assert.equal((await eventsAbout(namespace, 'web')).length, 1);

    await api.patch(
      path('ConfigMap', namespace, 'settings'),
      { data: { level: 'debug' } },
      'merge',
    );
    const changed = await runProgram(['once', ...within(namespace)]);
    assert.equal(changed.status, 0);
    const line = lineAbout(changed, 'web');
    assert.deepEqual([line.level, line['reason']], ['info', 'ConfigChanged']);
    assert.match(JSON.stringify(line['changed']), /settings/);
    assert.notEqual((await templateAnnotations(namespace, 'web'))[hashAnnotation], hash);
    const { counts, written, requests, bytesRead, durationMs } = summaryOf(changed);
    assert.deepEqual([counts, written], [{ ConfigChanged: 1 }, 1]);
    for (const number of [requests, bytesRead, durationMs]) {
      assert.ok(typeof number === 'number' && number > 0, changed.stdout);
    }
  });

  test('a missing source is a warning, and the status is 0', async (t) => {
    const namespace = await shop(t);
    await testCluster().api.create(
      deployment({
        namespace,
        name: 'lost',
        annotations: optedIn,
        pod: using({ configMap: 'nowhere' }),
      }),
    );
    const run = await runProgram(['once', ...within(namespace)]);
    assert.equal(run.status, 0, run.stdout);
    const { level, reason, msg } = lineAbout(run, 'lost');
    assert.deepEqual([level, reason], ['warn', 'MissingSource']);
    assert.match(msg, /nowhere/);
    assert.equal(lineAbout(run, 'web')['reason'], 'FirstSeen');
    assert.equal(summaryOf(run).level, 'info');
  });

  test('an unreadable source is an error and status 1, and the other workloads are handled', async (t) => {
    const { api } = testCluster();
    const namespace = await shop(t);
    await api.create(secret({ namespace, name: 'closed', data: { key: 'value' } }));
    await api.create(
      deployment({
        namespace,
        name: 'shut',
        annotations: optedIn,
        pod: using({ secret: 'closed', key: 'key' }),
      }),
    );
    const { kubeconfig } = await serviceAccount(t, {
      namespace,
      rules: [
        ...permissionsOnWorkloads,
        ...permissionsOfOwnership,
        getting('configmaps'),
        permissionsOnLeases,
        permissionsOnEvents,
      ],
    });
    const run = await runProgram(['once', ...within(namespace, kubeconfig)]);
    assert.equal(run.status, 1, run.stdout + run.stderr);
    const { level, reason, msg } = lineAbout(run, 'shut');
    assert.deepEqual([level, reason], ['error', 'UnreadableSource']);
    assert.match(msg, /closed/);
    assert.equal(lineAbout(run, 'web')['reason'], 'FirstSeen');
    assert.ok((await templateAnnotations(namespace, 'web'))[hashAnnotation]);
    const summary = summaryOf(run);
    assert.deepEqual([summary.level, summary['pass']], ['error', 'Completed']);
  });

  test('a pass is skipped with status 0 if another process holds the Lease, and the log names the holder', async (t) => {
    const { api } = testCluster();
    const namespace = await shop(t);
    const lease = (renewals: number) => ({
      metadata: { annotations: { 'wave.pusher.com/lease-of': 'wave-cron' } },
      spec: {
        holderIdentity: 'another-pod',
        leaseDurationSeconds: 15,
        acquireTime: '2026-01-01T00:00:00.000000Z',
        renewTime: `2026-01-01T00:00:00.${String(renewals).padStart(6, '0')}Z`,
      },
    });
    await api.post(path('Lease', namespace), {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      spec: lease(0).spec,
      metadata: { ...lease(0).metadata, namespace, name: 'wave-cron' },
    });
    let over = false;
    const renewing = (async () => {
      for (let renewals = 1; !over; renewals++) {
        await api.patch(path('Lease', namespace, 'wave-cron'), lease(renewals), 'merge');
        await pause(300);
      }
    })();
    const run = await runProgram(['once', ...within(namespace)]).finally(() => {
      over = true;
    });
    await renewing;
    assert.equal(run.status, 0, run.stdout + run.stderr);
    const held = logLines(run.stdout).filter((line) => line['leaseEvent'] === 'heldByOther');
    assert.deepEqual(
      held.map(({ level }) => level),
      ['info'],
    );
    assert.match(held[0]?.msg ?? '', /another-pod/);
    assert.equal(summaryOf(run)['pass'], 'LeaseHeld');
    assert.equal((await templateAnnotations(namespace, 'web'))[hashAnnotation], undefined);
  });
});

test('SIGTERM during a pass ends it as Interrupted, with status 1, and the Lease is released', async (t) => {
  const namespace = await shop(t);
  const proxy = await faultProxy(t);
  const stop = new AbortController();
  // The request gets no response, so only the signal can end the pass.
  proxy.on('GET', /configmaps\/settings/, () => stop.abort());
  const run = await runProgram(['once', ...within(namespace, proxy.kubeconfig())], {}, stop.signal);
  assert.equal(run.status, 1, run.stdout + run.stderr);
  assert.equal(run.stderr, '');
  const { level, pass, unreached, msg } = summaryOf(run);
  assert.deepEqual([level, pass, unreached], ['error', 'Interrupted', 1]);
  assert.match(msg, /stop requested/);
  assert.equal((await templateAnnotations(namespace, 'web'))[hashAnnotation], undefined);
  const { spec } = await testCluster().api.get(path('Lease', namespace, 'wave-cron'));
  assert.ok(!spec?.['holderIdentity']);
});

suite('plan', { concurrency: true }, () => {
  test('a plan is a table, writes nothing, and ends with status 4 only with --exit-code and if there are changes', async (t) => {
    const { api } = testCluster();
    const namespace = await shop(t);
    const { kubeconfig } = await serviceAccount(t, {
      namespace,
      rules: [
        {
          apiGroups: ['apps'],
          resources: ['deployments', 'statefulsets', 'daemonsets'],
          verbs: ['list', 'get'],
        },
        { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
        getting('configmaps', 'secrets'),
      ],
    });
    const asReader = within(namespace, kubeconfig);

    const plain = await runProgram(['plan', ...asReader]);
    assert.equal(plain.status, 0, plain.stderr);
    assert.equal(plain.stderr, '');
    const [header, row] = linesOf(plain.stdout);
    assert.match(header ?? '', /^NAMESPACE +KIND +NAME +DECISION +WHY$/);
    assert.match(row ?? '', new RegExp(`^${namespace} +Deployment +web +FirstSeen +\\S`));

    const json = await runProgram(['plan', ...asReader, '-o', 'json']);
    assert.equal(json.status, 0);
    const { workloads } = JSON.parse(json.stdout) as { workloads: Record<string, unknown>[] };
    assert.deepEqual(
      workloads.map(({ kind, name, reason, wouldRestart }) => [kind, name, reason, wouldRestart]),
      [['Deployment', 'web', 'FirstSeen', true]],
    );

    const asked = await runProgram(['plan', ...within(namespace), '--exit-code']);
    assert.equal(asked.status, 4, asked.stderr);
    assert.equal((await templateAnnotations(namespace, 'web'))[hashAnnotation], undefined);
    assert.deepEqual(await eventsAbout(namespace, 'web'), []);
    assert.deepEqual(await api.list(path('Lease', namespace)), []);

    assert.equal((await runProgram(['once', ...within(namespace)])).status, 0);
    const after = await runProgram(['plan', ...within(namespace), '--exit-code']);
    assert.equal(after.status, 0);
    assert.match(after.stdout, /^0 to restart, 0 blocked, 1 with nothing to do/m);
  });
});

test('release and the passes of shards never run at the same time, even if the settings of release name a shard', async (t) => {
  const namespace = await shop(t);
  const shards = { WAVE_SHARD_COUNT: '2', WAVE_LEASE_DURATION_SECONDS: '5' };
  const pass = (index: string) =>
    runProgram(['once', ...within(namespace)], { ...shards, WAVE_SHARD_INDEX: index });
  for (const index of ['0', '1']) {
    const run = await pass(index);
    assert.equal(run.status, 0, run.stdout + run.stderr);
  }
  assert.ok((await templateAnnotations(namespace, 'web'))[hashAnnotation]);
  const { api } = testCluster();
  const lease = path('Lease', namespace, 'wave-cron');
  const { spec } = await api.get(lease);
  assert.equal(spec?.['holderIdentity'], 'shards-of-2-for-5s');

  const release = ['release', '--yes', ...within(namespace)];
  const env = { ...shards, WAVE_SHARD_INDEX: '1' };
  const ended = await runProgram(release, env);
  assert.equal(ended.status, 0, ended.stdout + ended.stderr);
  const told = logLines(ended.stderr);
  assert.ok(told.some(({ msg }) => /^took over .* from "shards-of-2-for-5s"/.test(msg)));
  assert.ok(!told.some((line) => 'shard' in line));
  const { metadata } = await api.get(path('Deployment', namespace, 'web'));
  assert.equal(metadata.finalizers, undefined);
});

suite('invalid usage', { concurrency: true }, () => {
  const refused = async (args: readonly string[], env: Record<string, string> = {}) => {
    const run = await runProgram(args, env);
    assert.equal(run.status, 2, run.stdout + run.stderr);
    assert.equal(run.stdout, '');
    assertNoStack(run);
    return run.stderr;
  };

  for (const command of ['once', 'schedule']) {
    test(`${command} does not start as one of several shards without an index`, async (t) => {
      const namespace = await testNamespace(t);
      const args = [command, ...within(namespace), '--shard-count', '3'];
      assert.match(await refused(args), /^wave-cron: shard.count is 3, .*JOB_COMPLETION_INDEX$/m);
    });
  }

  test('invalid settings of a flag, a variable and a file are reported all at once', async (t) => {
    const file = temporaryFile(
      t,
      'settings.yaml',
      'namespace: shop\nconcurrency:\n  reads: many\n',
    );
    const said = await refused(['once', '--config', file, '--lease-duration-seconds', '1'], {
      WAVE_LOG_LEVEL: 'loud',
    });
    for (const problem of [
      /namespace\b.*namespaces/,
      /concurrency\.reads.*many/,
      /--lease-duration-seconds.*\b1\b/,
      /WAVE_LOG_LEVEL.*loud/,
    ]) {
      assert.match(said, problem);
    }
    assert.equal(linesOf(said).length, 5, said);
  });

  test('a settings file that does not exist or is not YAML is an error of one line with its name', async (t) => {
    const absent = await refused(['plan', '--config', '/nowhere/settings.yaml']);
    assert.match(absent, /\/nowhere\/settings\.yaml/);
    assert.equal(linesOf(absent).length, 1, absent);
    const file = temporaryFile(t, 'settings.yaml', 'namespaces: [a, b\nkinds: {');
    const broken = await refused(['once'], { WAVE_CONFIG: file });
    assert.ok(broken.includes(file), broken);
  });

  const lines: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an unknown flag', ['once', '--namespase', 'a'], /--namespase/],
    ['an unknown command', ['twice'], /twice/],
    ['no command', [], /once, schedule, plan, status, ui, check/],
    ['an unknown output format', ['plan', '-o', 'xml'], /xml.*table, json/],
    [
      'a kubeconfig that is absent',
      ['once', '--kubeconfig', '/nowhere/config'],
      /\/nowhere\/config/,
    ],
  ];
  for (const [what, args, says] of lines) {
    test(`${what} is an error of one line, with status 2`, async () => {
      const said = await refused(args);
      assert.match(said, says);
      assert.equal(linesOf(said).length, 1, said);
    });
  }

  test('help and version go to stdout, with status 0', async () => {
    const help = await runProgram(['--help']);
    assert.deepEqual([help.status, help.stderr], [0, '']);
    assert.match(help.stdout, /once[\s\S]*plan[\s\S]*Exit status/);
    const own = await runProgram(['once', '--help']);
    assert.deepEqual([own.status, own.stderr], [0, '']);
    assert.match(own.stdout, /--lease-duration-seconds/);
    assert.deepEqual(await runProgram(['--version']), {
      status: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  });
});

suite('a cluster that cannot be used', { concurrency: true }, () => {
  const anHour = 3600 * 1000;
  const causes: readonly (readonly [string, () => readonly string[], RegExp])[] = [
    [
      'a server that does not listen',
      () => {
        const { cluster } = testCluster();
        const url = 'https://127.0.0.1:1';
        return ['--kubeconfig', cluster.kubeconfigFor({ token: 'any' }, { url })];
      },
      /127\.0\.0\.1:1\b.*connection refused|connection refused.*127\.0\.0\.1:1\b/,
    ],
    ['no kubeconfig', () => [], /no cluster is configured.*--kubeconfig/],
    [
      'a wrong token',
      () => ['--kubeconfig', testCluster().cluster.kubeconfigFor({ token: 'wrong' })],
      /refused|Unauthorized/,
    ],
    [
      'an expired client certificate',
      () => {
        const { cluster } = testCluster();
        const expired = cluster.clientCertificate({
          commonName: 'late',
          organizations: ['system:masters'],
          notBefore: new Date(Date.now() - 2 * anHour),
          notAfter: new Date(Date.now() - anHour),
        });
        return ['--kubeconfig', cluster.kubeconfigFor(expired)];
      },
      /certificate.*expired|expired.*certificate/,
    ],
  ];
  for (const [what, args, says] of causes) {
    test(`${what} is an error of one line, with status 3`, async () => {
      for (const [command, output] of [
        ['once', 'stdout'],
        ['plan', 'stderr'],
      ] as const) {
        const run = await runProgram([command, ...args()]);
        assert.equal(run.status, 3, run.stdout + run.stderr);
        assertNoStack(run);
        const lines = logLines(run[output]);
        assert.deepEqual(
          lines.map(({ level }) => level),
          ['fatal'],
          `${command}: ${run.stdout}${run.stderr}`,
        );
        assert.match(lines[0]?.msg ?? '', says);
        assert.equal(run[output === 'stdout' ? 'stderr' : 'stdout'], '');
      }
    });
  }
});

test('no value of a source is ever printed, at any log level', async (t) => {
  const { api } = testCluster();
  const namespace = await testNamespace(t);
  const planted = ['planted-7f3a91c2-first', 'planted-7f3a91c2-second'] as const;
  const source = secret({ namespace, name: 'keys', data: { key: planted[0], other: planted[0] } });
  await api.create(source);
  for (const key of ['key', 'gone']) {
    await api.create(
      deployment({
        namespace,
        name: `uses-${key}`,
        annotations: optedIn,
        pod: using({ secret: 'keys', key }),
      }),
    );
  }
  const runs: Run[] = [];
  const runBoth = async () => {
    for (const args of [['plan'], ['plan', '-o', 'json', '--all'], ['once']]) {
      runs.push(await runProgram([...args, ...within(namespace), '--log-level', 'trace']));
    }
  };
  await runBoth();
  const change = Buffer.from(planted[1]).toString('base64');
  await api.patch(path('Secret', namespace, 'keys'), { data: { key: change } }, 'merge');
  await runBoth();

  const reasons = runs.map(({ stdout }) => /FirstSeen|ConfigChanged/.exec(stdout)?.[0]);
  assert.deepEqual(reasons, [
    ...['FirstSeen', 'FirstSeen', 'FirstSeen'],
    ...['ConfigChanged', 'ConfigChanged', 'ConfigChanged'],
  ]);
  for (const { status, stdout, stderr } of runs) {
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /MissingSource/);
    for (const value of planted) {
      for (const form of [value, Buffer.from(value).toString('base64')]) {
        assert.ok(!(stdout + stderr).includes(form));
      }
    }
  }
});
