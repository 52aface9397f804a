import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { path } from '../../../tools/control-plane/api.ts';
import { rollouts, serviceAccount, testCluster } from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { ownershipStage, type Stage, usingOptional } from '../../handler/ownership/stage.ts';
import { permissionsOnWorkloads } from '../../handler/run-pass.ts';
import { runKilledAfter } from '../killed-program.ts';
import { logLines, runProgram, startProgram } from '../run-program.ts';

const { api, cluster } = testCluster();

const sources = [
  ['ConfigMap', 'settings'],
  ['Secret', 'credentials'],
] as const;

/** Creates two Deployments that share a ConfigMap and a Secret, with finalizers and owner references. */
async function shop(t: TestContext): Promise<Stage> {
  const stage = await ownershipStage(t);
  for (const [kind, name] of sources) await stage.source(kind, name);
  const pod = usingOptional({ configMaps: ['settings'], secrets: ['credentials'] });
  for (const name of ['api', 'web']) {
    await stage.workload('Deployment', name, pod);
    await rollouts('Deployment', stage.namespace, name);
  }
  await stage.pass();
  return stage;
}

const within = ({ namespace }: Stage, kubeconfig = cluster.kubeconfig) => [
  ...['--kubeconfig', kubeconfig, '-n', namespace, '--lease-namespace', namespace],
];

async function isReleased(stage: Stage): Promise<boolean> {
  const owners = await Promise.all(sources.map(([kind, name]) => stage.owners(kind, name)));
  const carried = await Promise.all(
    ['api', 'web'].map((name) => stage.carried('Deployment', name)),
  );
  return owners.flat().length === 0 && carried.every((it) => !it.finalizer && !it.record);
}

test('release --yes removes everything and lists it, and warns about a process that would add owner references again', async (t) => {
  const stage = await shop(t);
  const run = await runProgram(['release', '--yes', ...within(stage)]);
  assert.equal(run.status, 0, run.stdout + run.stderr);
  const line = (name: string) =>
    `${stage.namespace}   Deployment   ${name}    done      its finalizer, its owner references on ConfigMap/settings, Secret/credentials, wave.pusher.com/owned-sources`;
  assert.ok(run.stdout.includes(line('api')), run.stdout);
  assert.ok(run.stdout.includes(line('web')), run.stdout);
  assert.match(run.stdout, /^Released 2 workloads and the owner references on 2 sources\.$/m);
  assert.match(run.stderr, /still runs will add owner references again/);
  assert.equal(await isReleased(stage), true);

  // The Lease did not exist before, so the passes may use another Lease.
  assert.match(run.stderr, /did not exist: if the Lease of wave-cron is elsewhere/);

  const again = await runProgram(['release', '--yes', ...within(stage)]);
  assert.deepEqual(
    [again.status, again.stdout, again.stderr],
    [0, 'Nothing was found to release.\n', ''],
  );
});

test('a dry run shows the changes, needs no --yes and no Lease, and writes nothing', async (t) => {
  const stage = await shop(t);
  const run = await runProgram(['release', '--dry-run', '--annotations', ...within(stage)]);
  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /Deployment +web +to do +its finalizer, .*; it restarts once$/m);
  assert.match(
    run.stdout,
    /^Would release 2 workloads and the owner references on 2 sources; 2 workloads restart once\.$/m,
  );
  assert.equal(await stage.find('Lease', 'wave-cron'), undefined);
  assert.equal((await stage.carried('Deployment', 'web')).finalizer, true);
  assert.equal(await rollouts('Deployment', stage.namespace, 'web'), 2);
});

test('--keep-lease keeps the Lease held for this time, and says how much time there is to delete wave-cron', async (t) => {
  const stage = await shop(t);
  const run = await runProgram(['release', '--yes', '--keep-lease', '150', ...within(stage)]);
  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.match(run.stderr, /no pass runs for 150 s; a CronJob or Deployment/);
  assert.equal(await isReleased(stage), true);
  const { holderIdentity, leaseDurationSeconds } =
    (await stage.get('Lease', 'wave-cron')).spec ?? {};
  assert.ok(holderIdentity);
  assert.equal(leaseDurationSeconds, 150);
});

test('-o json prints complete JSON on stdout', async (t) => {
  const stage = await shop(t);
  const args = ['release', 'deploy/web', '--yes', '-o', 'json', ...within(stage)];
  const run = await runProgram(args);
  assert.deepEqual(JSON.parse(run.stdout), {
    release: 'Completed',
    dryRun: false,
    workloads: [
      {
        ...{ kind: 'Deployment', namespace: stage.namespace, name: 'web' },
        sources: ['ConfigMap/settings', 'Secret/credentials'],
        finalizer: 'removed',
        annotations: ['wave.pusher.com/owned-sources'],
        restarts: false,
        problems: [],
      },
    ],
    ...{ sources: [], listProblems: [], notSearched: [], unreached: 0 },
  });
  assert.equal((await stage.carried('Deployment', 'api')).finalizer, true);
});

test("a workload without -n is in the namespace of the kubeconfig's context", async (t) => {
  const stage = await shop(t);
  const { namespace } = stage;
  const kubeconfig = (await serviceAccount(t, { namespace, rules: permissionsOnWorkloads }))
    .kubeconfig;
  const run = await runProgram(['release', 'Deployment/none', '--dry-run'], {
    KUBECONFIG: kubeconfig,
  });
  assert.equal(run.status, 1, run.stderr);
  assert.match(run.stderr, new RegExp(`Deployment none does not exist in namespace ${namespace}`));
});

test('without a terminal and without --yes it is refused with status 2, and nothing is done', async (t) => {
  const stage = await shop(t);
  const run = await runProgram(['release', ...within(stage)]);
  assert.deepEqual([run.status, run.stdout], [2, '']);
  assert.match(run.stderr, /^wave-cron: release changes the cluster, .*: add --yes, or --dry-run/);
  assert.equal((await stage.carried('Deployment', 'web')).finalizer, true);
});

for (const [what, args, says] of [
  ['-n beside --namespaces', ['-n', 'a', '--namespaces', 'b'], /cannot be used with option/],
  ['KIND/NAME beside --namespaces', ['ds/x', '--namespaces', 'b'], /use -n/],
  [
    '--keep-lease for longer than passes wait',
    ['--keep-lease', '151'],
    /--keep-lease is "151": must be .* from 5 to 150; passes wait no longer than half of passTimeoutSeconds \(300\)/,
  ],
  ['-n with a list', ['-n', 'a,b'], /-n "a,b" is not a valid namespace name/],
] as const) {
  test(`${what} is invalid usage, with status 2`, async () => {
    const kubeconfig = ['--kubeconfig', cluster.kubeconfig];
    const run = await runProgram(['release', '--dry-run', ...args, ...kubeconfig]);
    assert.equal(run.status, 2, run.stderr);
    assert.match(run.stderr, says);
  });
}

test('during a pass of another process it is refused with status 1, and the error names the holder', async (t) => {
  const stage = await shop(t);
  const lease = (renewals: number) => ({
    metadata: { annotations: { 'wave.pusher.com/lease-of': 'wave-cron' } },
    spec: {
      holderIdentity: 'another-pod',
      leaseDurationSeconds: 15,
      renewTime: `2026-01-01T00:00:00.${String(renewals).padStart(6, '0')}Z`,
    },
  });
  await api.post(path('Lease', stage.namespace), {
    ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...lease(0) },
    metadata: { ...lease(0).metadata, namespace: stage.namespace, name: 'wave-cron' },
  });
  let over = false;
  const renewing = (async () => {
    for (let renewals = 1; !over; renewals++) {
      await api.patch(path('Lease', stage.namespace, 'wave-cron'), lease(renewals), 'merge');
      await pause(300);
    }
  })();
  const run = await runProgram(['release', '--yes', ...within(stage)]).finally(() => {
    over = true;
  });
  await renewing;
  assert.equal(run.status, 1, run.stderr);
  assert.match(
    run.stderr,
    /nothing was released: \\"another-pod\\" holds .*wave-cron; run this again later/,
  );
  assert.equal((await stage.carried('Deployment', 'web')).finalizer, true);
});

test('a list that is not permitted is one line with the permission to grant, and the status is 0 if everything was removed', async (t) => {
  const stage = await shop(t);
  const { namespace } = stage;
  const sourcePermissions = { apiGroups: [''], resources: ['configmaps', 'secrets'] };
  const rules = [
    ...permissionsOnWorkloads,
    { ...sourcePermissions, verbs: ['get', 'patch'] },
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      verbs: ['get', 'create', 'patch'],
    },
  ];
  const { kubeconfig } = await serviceAccount(t, { namespace, rules });
  const run = await runProgram(['release', '--yes', ...within(stage, kubeconfig)]);
  assert.equal(run.status, 0, run.stderr);
  const told = logLines(run.stderr).filter(({ msg }) => msg.includes('grant list'));
  assert.deepEqual(
    told.map(({ level }) => level),
    ['warn'],
  );
  assert.match(
    told[0]?.msg ?? '',
    /^could not search for owner references that no workload records; grant list on configmaps and secrets to find them: ConfigMaps of namespace \S+: .*cannot list/,
  );
  assert.equal(await isReleased(stage), true);
});

test('status 3 means that no workload could be listed', async (t) => {
  const stage = await shop(t);
  const { namespace } = stage;
  const { kubeconfig } = await serviceAccount(t, { namespace });
  const run = await runProgram(['release', '--dry-run', ...within(stage, kubeconfig)]);
  assert.equal(run.status, 3, run.stderr);
  assert.match(run.stderr, /no workload could be listed/);
});

for (const n of [1, 2, 3, 4]) {
  test(`killed after write ${n}, a release leaves each source with an owner reference in the record of its workload, and a second release finishes`, async (t) => {
    const stage = await shop(t);
    const { status } = await runKilledAfter(t, n, (kubeconfig) => [
      ...['release', '--yes', ...within(stage, kubeconfig)],
      ...['--concurrency-writes', '1', '--lease-name', 'killed'],
    ]);
    assert.equal(status, null);
    for (const [kind, name] of sources) {
      for (const owner of await stage.owners(kind, name)) {
        if (owner === 'Namespace') continue;
        const { finalizer, record } = await stage.carried('Deployment', owner.split('/')[1] ?? '');
        assert.equal(finalizer, true);
        assert.ok(record?.includes(`${kind}/${name}`), `${owner} records ${kind}/${name}`);
      }
    }
    const again = await runProgram(['release', '--yes', ...within(stage)]);
    assert.equal(again.status, 0, again.stderr);
    assert.equal(await isReleased(stage), true);
  });
}

test('SIGTERM ends it with status 1 after the present write, and it says how many objects remain', async (t) => {
  const stage = await shop(t);
  const proxy = await faultProxy(t);
  proxy.on(
    'PATCH',
    /\/(configmaps|secrets)\//,
    async ({ forward, reply }) => {
      program.kill('SIGTERM');
      await pause(200);
      reply(await forward());
    },
    { times: 1 },
  );
  const program = startProgram([
    ...['release', '--yes', ...within(stage, proxy.kubeconfig()), '--concurrency-writes', '1'],
  ]);
  const run = await program.ended;
  assert.equal(run.status, 1, run.stderr);
  assert.match(
    run.stderr,
    /release is incomplete: stop requested; 2 objects not reached; run this again/,
  );
  assert.equal((await stage.carried('Deployment', 'web')).finalizer, true);
});

const main = join(import.meta.dirname, '../../../jobs/main.ts');
const canScript = spawnSync('script', ['--version']).status === 0;

/** Runs the program on a pseudo-terminal, and types the answer when the program asks. */
async function onTerminal(args: readonly string[], answer: string) {
  const command = [process.execPath, main, ...args].map((each) => `'${each}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], NO_COLOR: '1', TERM: 'dumb' },
  });
  let shown = '';
  let typed = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    if (typed || !shown.includes('[y/N]')) return;
    typed = true;
    child.stdin.write(answer);
  });
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, shown };
}

const onTty = { skip: canScript ? false : 'needs script of util-linux' };

test('on a terminal it shows the number of objects and asks, and y starts it', onTty, async (t) => {
  const stage = await shop(t);
  const { status, shown } = await onTerminal(['release', '--annotations', ...within(stage)], 'y\n');
  assert.match(
    shown,
    /This releases 2 workloads and the owner references on 2 sources\. 2 workloads restart once, because the annotations of their templates are removed\./,
  );
  assert.match(shown, /Remove owner references\? \[y\/N\]/);
  assert.equal(status, 0, shown);
  assert.equal(await isReleased(stage), true);
});

for (const [what, answer] of [
  ['n', 'n\n'],
  ['Ctrl-C', '\x03'],
] as const) {
  test(`on a terminal ${what} removes nothing, with status 1`, onTty, async (t) => {
    const stage = await shop(t);
    const { status, shown } = await onTerminal(['release', ...within(stage)], answer);
    assert.equal(status, 1, shown);
    assert.match(shown, /nothing was removed/);
    assert.equal((await stage.carried('Deployment', 'web')).finalizer, true);
    assert.equal(await stage.find('Lease', 'wave-cron'), undefined);
  });
}
