import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { version } from '../../../lib/version.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import { deployment } from '../../../tools/control-plane/objects.ts';
import {
  type Rule,
  randomName,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { faultProxy } from '../../faults/fault-proxy.ts';
import { answer, status } from '../../faults/faults.ts';
import { ownershipShop } from '../../handler/ownership/stage.ts';
import {
  getting,
  optedIn,
  permissionsOfOwnership,
  permissionsOnEvents,
  permissionsOnRevisions,
  permissionsOnWorkloads,
  writeVerbs,
} from '../../handler/run-pass.ts';
import { type Flags, notGranted, runCheck } from '../run-check.ts';
import { logLines, type Run, runProgram } from '../run-program.ts';

const { api, cluster } = testCluster();

const permissionsOnLeases: Rule = {
  apiGroups: ['coordination.k8s.io'],
  resources: ['leases'],
  verbs: ['get', 'patch', 'create'],
};
const withoutOwnership = [
  ...permissionsOnWorkloads,
  permissionsOnRevisions,
  getting('configmaps', 'secrets'),
  permissionsOnEvents,
  permissionsOnLeases,
];
const allPermissions = [...withoutOwnership, ...permissionsOfOwnership];

const confined = (namespace: string) => ({
  namespaces: namespace,
  'lease.namespace': namespace,
  ownership: 'references',
});

function checkProgram(kubeconfig: string, namespace: string, ...more: string[]): Promise<Run> {
  const own = ['--lease-namespace', namespace, '--ownership', 'references'];
  const scope = ['--namespaces', namespace, ...own];
  return runProgram(['check', '--kubeconfig', kubeconfig, ...scope, ...more]);
}

/** The lines of a section of the output, without their indentation. */
function section(text: string, title: RegExp): string[] {
  const sections = text
    .trimEnd()
    .split('\n\n')
    .map((part) => part.split('\n'));
  const found = sections.find(([first = '']) => title.test(first));
  assert.ok(found !== undefined, `no ${title} in:\n${text}`);
  return found.slice(1).map((line) => line.trim());
}

suite('check', { concurrency: 4 }, () => {
  test('shows the cluster, the user and that there is no problem, and writes nothing', async (t) => {
    const namespace = await testNamespace(t);
    const { user, kubeconfig } = await serviceAccount(t, { namespace, rules: allPermissions });
    const audit = await auditFromHere(cluster);
    const run = await checkProgram(kubeconfig, namespace);
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.equal(run.stderr, '');
    const server = await api.get<{ gitVersion: string }>('/version');
    assert.deepEqual(section(run.stdout, /^Versions/), [
      `wave-cron          ${version}`,
      `cluster            ${cluster.url}`,
      `credentials from   kubeconfig ${kubeconfig}`,
      `version            ${server.gitVersion}`,
      `user               "${user}"`,
    ]);
    const permissions = section(run.stdout, /^Permissions/).slice(1);
    assert.equal(permissions.length, 22);
    for (const permission of permissions) assert.match(permission, /^granted /);
    assert.deepEqual(section(run.stdout, /^Lease/), [
      'does not exist yet: the first pass creates it',
    ]);
    assert.match(run.stdout, /\nReady to reconcile\.\n$/);
    assert.doesNotMatch(run.stdout, /secrets in all namespaces/);
    assert.match(run.stdout, /^ {2}no admission policy restricts this account: /m);

    const writes = await audit.entries({ user, verb: writeVerbs });
    assert.ok(writes.length > 0);
    for (const { objectRef, requestURI } of writes) {
      if (requestURI.includes('dryRun=All')) continue;
      assert.match(objectRef?.resource ?? '', /^selfsubject.*reviews$/);
    }
    const sample = await api.get(path('ConfigMap', namespace, 'kube-root-ca.crt'));
    assert.equal(sample.metadata.ownerReferences, undefined);
  });

  test('prints the missing rules, and an account with these rules has all permissions', async (t) => {
    const namespace = await testNamespace(t);
    const nobody = await serviceAccount(t, { namespace });
    const before = await checkProgram(nobody.kubeconfig, namespace);
    assert.equal(before.status, 1, before.stdout + before.stderr);
    assert.equal(before.stderr, '');
    for (const permission of section(before.stdout, /^Permissions/).slice(1))
      assert.match(permission, /^MISSING /);
    assert.equal(section(before.stdout, /^22 problems$/).length, 22);
    assert.match(before.stdout, new RegExp(`a Role and a RoleBinding in namespace ${namespace}`));
    const yaml = before.stdout.split('\n\n').filter((part) => part.startsWith('rules:\n'));
    const rules = yaml.flatMap((part) => (parse(part) as { rules: Rule[] }).rules);

    const granted = await serviceAccount(t, { namespace, rules });
    const after = await checkProgram(granted.kubeconfig, namespace);
    assert.equal(after.status, 0, after.stdout + after.stderr);
    assert.match(after.stdout, /Ready to reconcile/);
  });

  test('reports a permission that is missing in only one of several namespaces, and no other', async (t) => {
    const [namespace, other] = await Promise.all([testNamespace(t), testNamespace(t)]);
    const { kubeconfig } = await serviceAccount(t, { namespace, rules: allPermissions });
    const flags = { ...confined(namespace), namespaces: `${namespace},${other}` };
    const { status, problems, missingRules, permissions = [] } = await runCheck(kubeconfig, flags);
    assert.equal(status, 1);
    const missing = permissions.filter(({ state }) => state === 'missing');
    assert.equal(missing.length, 18);
    assert.deepEqual(new Set(missing.map((permission) => permission.namespace)), new Set([other]));
    for (const problem of problems)
      assert.ok(problem.includes(` in namespace ${other}. `), problem);
    assert.deepEqual(
      missingRules.map(({ kind, namespaces }) => [kind, namespaces]),
      [['Role', [other]]],
    );
  });

  test('asks only once about a cluster-wide permission, with any number of namespaces', async (t) => {
    const namespace = await testNamespace(t);
    const { token } = await serviceAccount(t, { namespace, clusterRules: allPermissions });
    const proxy = await faultProxy(t);
    const names = Array.from({ length: 300 }, (_, i) => `${namespace}-${i}`);
    const flags = { ...confined(namespace), namespaces: names.join(',') };
    const found = await runCheck(proxy.kubeconfig({ token }), flags);
    assert.deepEqual(notGranted(found), []);
    assert.equal(found.permissions?.length, 300 * 18 + 4);
    assert.deepEqual(found.logged, ['asking about 5404 permissions']);
    const reviews = proxy.seen.filter(({ url }) => url.includes('selfsubjectaccessreviews'));
    assert.equal(reviews.length, 18 + 4 + 2);
  });

  test('names the settings that name a namespace which does not exist', async (t) => {
    const namespace = await testNamespace(t);
    const gone = randomName('gone');
    const { status, ok, problems, namespaces } = await runCheck(cluster.kubeconfig, {
      namespaces: `${namespace},${gone}`,
      crossNamespaceReferences: gone,
      'lease.namespace': `${gone}-too`,
    });
    assert.deepEqual([status, ok], [1, false]);
    assert.deepEqual(problems, [
      `namespace ${gone} does not exist: correct namespaces and crossNamespaceReferences, or create the namespace`,
      `namespace ${gone}-too does not exist: correct lease.namespace, or create the namespace`,
    ]);
    assert.deepEqual(
      namespaces?.map(({ name, state }) => [name, state]),
      [
        [namespace, 'exists'],
        [gone, 'absent'],
        [`${gone}-too`, 'absent'],
      ],
    );
  });

  test('notes which namespaces it could not read, and that is not a problem', async (t) => {
    const namespace = await testNamespace(t);
    const rules = withoutOwnership.filter(({ resources }) => !resources.includes('namespaces'));
    const { kubeconfig } = await serviceAccount(t, { namespace, rules });
    const { status, notes } = await runCheck(kubeconfig, {
      ...confined(namespace),
      ownership: 'off',
      'rollouts.namespaceAnnotations': 'off',
    });
    assert.equal(status, 0);
    assert.match(
      notes.join('\n'),
      new RegExp(
        `^whether namespace ${namespace} exists could not be checked, .*cannot get resource`,
      ),
    );
  });

  test('with ownership needs the permissions to add owner references, and with ownership off does not ask about them', async (t) => {
    const namespace = await testNamespace(t);
    const { kubeconfig } = await serviceAccount(t, { namespace, rules: withoutOwnership });
    const on = await runCheck(kubeconfig, confined(namespace));
    assert.equal(on.status, 1);
    assert.deepEqual(notGranted(on), [
      'missing: patch configmaps',
      'missing: patch secrets',
      'missing: get namespaces by name',
    ]);
    assert.deepEqual(on.missingRules, [
      {
        kind: 'Role',
        namespaces: [namespace],
        rules: [{ apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['patch'] }],
      },
      {
        kind: 'Role',
        namespaces: ['kube-system'],
        rules: [
          {
            apiGroups: [''],
            resources: ['namespaces'],
            resourceNames: ['kube-system'],
            verbs: ['get'],
          },
        ],
      },
    ]);
    assert.equal(on.ownerReferences, undefined);
    const off = await runCheck(kubeconfig, { ...confined(namespace), ownership: 'off' });
    assert.deepEqual([off.status, off.problems, off.permissions?.length], [0, [], 19]);
  });

  test('with ownership off says that owner references remain, and then which permissions are not needed anymore', async (t) => {
    const stage = await ownershipShop(t);
    const { namespace } = stage;
    const [granted, base] = await Promise.all(
      [allPermissions, withoutOwnership].map((rules) => serviceAccount(t, { namespace, rules })),
    );
    const off = { ...confined(namespace), ownership: 'off' };
    const noteOf = async (account = granted) =>
      (await runCheck(account?.kubeconfig ?? '', off)).notes.filter((note) =>
        note.startsWith('ownership is off'),
      );
    await stage.pass({ ownership: 'references' });
    assert.match((await noteOf()).join(), /1 workload still has .*: the next passes remove it/);
    assert.match(
      (await noteOf(base)).join(),
      /cannot remove without patch on configmaps and secrets/,
    );
    await stage.pass({ ownership: 'off' });
    assert.match((await noteOf()).join(), /patch on configmaps and secrets, .*can be removed/);
    assert.deepEqual(await noteOf(base), []);
  });

  test('notes a pause, a window that passes can miss, and a change that has been held for long, without another request', async (t) => {
    const namespace = await testNamespace(t);
    const since = new Date(Date.now() - 48 * 3_600_000).toISOString().replace(/\.\d+/, '');
    const annotations = {
      ...optedIn,
      'wave.pusher.com/pending-config': JSON.stringify({ hash: 'a'.repeat(64), since }),
    };
    await api.create(deployment({ namespace, name: 'web', annotations }));
    const plain = { namespaces: namespace, 'lease.namespace': namespace };
    const proxy = await faultProxy(t);
    const requests = async (flags: Flags) => {
      const before = proxy.seen.length;
      const { status, notes } = await runCheck(proxy.kubeconfig(), flags);
      assert.equal(status, 0);
      return { count: proxy.seen.length - before, notes };
    };
    const { count, notes } = await requests({
      ...plain,
      'rollouts.paused': 'true',
      'rollouts.windows': '[{kind: allow, schedule: 0 22 * * *, duration: 5m}]',
      resyncInterval: '1h',
    });
    for (const [i, says] of [
      /^setting rollouts\.paused pauses all rollouts until somebody lifts it$/,
      /^passes can miss the window "0 22 \* \* \*" of 5m in setting rollouts\.windows/,
      new RegExp(`^1 workload has a change .* since ${since}: Deployment ${namespace}/web; `),
    ].entries()) {
      const note = notes.filter((each) => says.test(each));
      assert.equal(note.length, 1, `${i}: ${notes.join('\n')}`);
    }
    await api.patch(path('Deployment', namespace, 'web'), {
      metadata: { annotations: { 'wave.pusher.com/pending-config': null } },
    });
    const without = await requests(plain);
    assert.equal(without.count, count);
    assert.deepEqual(
      without.notes.filter((note) => /held back|rollouts/.test(note)),
      [],
    );
  });

  test('reports a cluster without the namespace kube-system, which ownership needs', async (t) => {
    const namespace = await testNamespace(t);
    const proxy = await faultProxy(t);
    const gone = status(404, 'NotFound', 'namespaces "kube-system" not found', {
      name: 'kube-system',
    });
    proxy.on('GET', /namespaces\/kube-system/, answer(gone));
    const found = await runCheck(proxy.kubeconfig(), confined(namespace));
    assert.deepEqual(found.problems, [
      'namespace kube-system does not exist: correct ownership, or create the namespace',
    ]);
  });

  test('with adoption if-changed names the permission to list Pods, and the effect if it is missing', async (t) => {
    const namespace = await testNamespace(t);
    const { kubeconfig } = await serviceAccount(t, { namespace, rules: allPermissions });
    const found = await runCheck(kubeconfig, { ...confined(namespace), adoption: 'if-changed' });
    const missing = ['missing: list pods'];
    assert.deepEqual([found.status, notGranted(found)], [1, missing]);
    assert.match(
      found.problems.join('\n'),
      /^missing permission: list pods .*that workload is restarted/,
    );
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }];
    assert.deepEqual(found.missingRules, [{ kind: 'Role', namespaces: [namespace], rules }]);
    const stamp = await runCheck(kubeconfig, confined(namespace));
    assert.deepEqual([stamp.status, notGranted(stamp)], [0, []]);
  });

  test('notes that it could not test whether the cluster enforces owner references, and that is not a problem', async (t) => {
    const namespace = await testNamespace(t);
    const proxy = await faultProxy(t);
    proxy.on('PATCH', /configmaps/, answer(status(403, 'Forbidden', 'not even as a dry run')));
    const found = await runCheck(proxy.kubeconfig(), confined(namespace));
    assert.deepEqual([found.status, found.problems], [0, []]);
    assert.match(
      found.notes.join('\n'),
      /^whether this cluster requires the permission to delete an object for setting its owner references could not be tried: not even as a dry run/m,
    );
  });

  test('notes a kubeconfig that does not verify the server, and not one that does', async (t) => {
    const namespace = await testNamespace(t);
    const proxy = await faultProxy(t, { tls: true });
    const verified = proxy.kubeconfig();
    const unverified = join(mkdtempSync(join(tmpdir(), 'wave-cron-check-')), 'config');
    t.after(() => rmSync(dirname(unverified), { recursive: true }));
    const config = readFileSync(verified, 'utf8');
    const flag = 'insecure-skip-tls-verify: true';
    writeFileSync(unverified, config.replace(/certificate-authority-data: .*/, flag));
    const noteOf = async (kubeconfig: string) =>
      (await runCheck(kubeconfig, confined(namespace))).notes.filter((note) =>
        note.startsWith("this kubeconfig does not verify the server's certificate"),
      ).length;
    assert.deepEqual([await noteOf(verified), await noteOf(unverified)], [0, 1]);
  });

  test('notes that an account may list Secrets, which it should not', async (t) => {
    const namespace = await testNamespace(t);
    const excess = { apiGroups: [''], resources: ['secrets'], verbs: ['list'] };
    const { kubeconfig } = await serviceAccount(t, {
      namespace,
      rules: allPermissions,
      clusterRules: [excess],
    });
    const { status, notes } = await runCheck(kubeconfig, confined(namespace));
    assert.equal(status, 0);
    assert.match(
      notes.join('\n'),
      /this account may list secrets in all namespaces, which wave-cron does not need with these settings/,
    );
    const { notes: ofAdministrator } = await runCheck(cluster.kubeconfig, confined(namespace));
    assert.match(ofAdministrator.join('\n'), /may list and watch secrets in all namespaces/);
    assert.match(
      ofAdministrator.join('\n'),
      /permissions are those of "wave-cron-test-admin"; .* run check in its Pod/,
    );
  });

  test('says whether the Lease is free, held, or a Lease of another program', async (t) => {
    const namespace = await testNamespace(t);
    const times = {
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:12.000000Z',
    };
    const ours = { 'wave.pusher.com/lease-of': 'wave-cron' };
    const lease = (name: string, annotations: Record<string, string>, spec: object) =>
      api.create({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { namespace, name, annotations },
        spec: { leaseDurationSeconds: 15, ...times, ...spec },
      });
    await lease('free', ours, { holderIdentity: '' });
    await lease('held', ours, { holderIdentity: 'night-pod_1' });
    await lease('claimed', ours, { holderIdentity: 'thief', leaseDurationSeconds: 3600 });
    await lease('foreign', {}, { holderIdentity: 'scheduler' });
    const look = async (name: string) => {
      const found = await runCheck(cluster.kubeconfig, {
        ...confined(namespace),
        'lease.name': name,
      });
      return [
        found.status,
        found.lease?.state,
        found.lease?.sentence,
        found.problems.length,
      ] as const;
    };
    assert.deepEqual(await look('free'), [0, 'free', 'exists and is free', 0]);
    assert.deepEqual(await look('held'), [
      0,
      'held',
      'held by "night-pod_1" (for 12.0 s according to the holder): a pass is running, or ended before it could release the Lease',
      0,
    ]);
    const claimed = await look('claimed');
    assert.deepEqual([claimed[0], claimed[1], claimed[3]], [1, 'overclaimed', 1]);
    assert.match(
      claimed[2] ?? '',
      new RegExp(
        `held by "thief" .*duration of 3600 s, while a pass waits at most 150 s .*: kubectl -n ${namespace} delete lease claimed$`,
      ),
    );
    const [status, state, sentence, problems] = await look('foreign');
    assert.deepEqual([status, state, problems], [1, 'foreign', 1]);
    assert.match(
      sentence ?? '',
      /belongs to another program \(held by "scheduler"\): set lease\.name/,
    );
  });

  test('reports a Lease that cannot be read in spite of the permission', async (t) => {
    const namespace = await testNamespace(t);
    const proxy = await faultProxy(t);
    proxy.on('GET', /leases/, answer(status(403, 'Forbidden', 'a proxy is in the way')));
    const found = await runCheck(proxy.kubeconfig(), confined(namespace));
    assert.deepEqual([found.status, found.lease?.state], [1, 'unknown']);
    assert.deepEqual(found.problems, [
      `Lease ${namespace}/wave-cron cannot be read: a proxy is in the way [HTTP 403]`,
    ]);
  });

  test('distinguishes a permission that it could not ask about from a missing one', async (t) => {
    const namespace = await testNamespace(t);
    const proxy = await faultProxy(t);
    const refused = answer(status(403, 'Forbidden', 'no reviews today'));
    proxy.on('POST', /selfsubjectaccessreviews/, refused, { times: 1 });
    const one = await runCheck(proxy.kubeconfig(), confined(namespace));
    assert.equal(one.status, 1);
    assert.deepEqual(one.problems, [
      `could not be checked: list deployments.apps in namespace ${namespace} (no reviews today [HTTP 403])`,
    ]);
    assert.deepEqual(one.missingRules, []);

    proxy.on('POST', /selfsubjectaccessreviews/, refused);
    const none = await runCheck(proxy.kubeconfig(), confined(namespace));
    assert.equal(none.status, 3);
    assert.equal(none.problems.length, 22);
    assert.equal(none.ok, false);
  });

  test('continues if the server returns neither its version nor the user', async (t) => {
    const namespace = await testNamespace(t);
    const proxy = await faultProxy(t);
    proxy.on('GET', /^\/version/, answer(status(403, 'Forbidden', 'not for you')));
    proxy.on('POST', /selfsubjectreviews/, answer(status(404, 'NotFound', 'no such page')));
    const {
      status: exit,
      connection,
      permissions,
    } = await runCheck(proxy.kubeconfig(), confined(namespace));
    assert.equal(exit, 0);
    assert.equal(permissions?.length, 22);
    assert.match(connection.serverVersion.why ?? '', /not for you/);
    assert.match(connection.user?.why ?? '', /no such page/);
  });

  for (const [what, kubeconfig, says] of [
    [
      'a server that is not there',
      () => cluster.kubeconfigFor({ token: 'x' }, { url: 'https://127.0.0.1:1' }),
      /127\.0\.0\.1:1 cannot be used.*connection refused/,
    ],
    ['credentials that are refused', () => cluster.kubeconfigFor({ token: 'x' }), /Unauthorized/],
  ] as const) {
    test(`${what} ends with status 3, and the settings are still shown`, async () => {
      const run = await checkProgram(kubeconfig(), 'shop');
      assert.equal(run.status, 3, run.stdout + run.stderr);
      assert.equal(run.stderr, '');
      assert.match(section(run.stdout, /^1 problem$/).join('\n'), says);
      assert.match(
        section(run.stdout, /^Settings/).join('\n'),
        /^namespaces +\["shop"\] +--namespaces$/m,
      );
      assert.doesNotMatch(run.stdout, /^Permissions/m);
    });
  }

  test('shows the settings that were given and their origins, and no credentials', async (t) => {
    const namespace = await testNamespace(t);
    const folder = mkdtempSync(join(tmpdir(), 'wave-cron-settings-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'settings.yaml');
    const url = 'https://pusher:planted-pa"ss@word@push.example.com:9091/base?token=planted-token';
    writeFileSync(
      file,
      `lease:\n  namespace: ${namespace}\nmetricsPushUrl: ${JSON.stringify(url)}\n`,
    );
    const env = { KUBECONFIG: cluster.kubeconfig, WAVE_KINDS: 'DaemonSet' };
    const args = ['check', '--config', file, '--resync-interval', '5m'];
    const [table, json] = await Promise.all([
      runProgram(args, env),
      runProgram([...args, '-o', 'json'], env),
    ]);
    assert.equal(table.status, 0, table.stdout + table.stderr);
    assert.deepEqual(
      section(table.stdout, /^Settings/).map((line) => line.split(/ {3,}/)),
      [
        ['kinds', '["DaemonSet"]', 'WAVE_KINDS'],
        ['resyncInterval', '"5m"', '--resync-interval'],
        ['lease.namespace', `"${namespace}"`, `${file}:2:3`],
        ['metricsPushUrl', '"https://***@push.example.com:9091/base?***"', `${file}:3:1`],
      ],
    );
    const { settings } = JSON.parse(json.stdout) as {
      settings: { path: string; value: unknown }[];
    };
    assert.equal(
      settings.find((it) => it.path === 'metricsPushUrl')?.value,
      'https://***@push.example.com:9091/base?***',
    );
    assert.doesNotMatch(table.stdout + json.stdout, /planted|pusher|word@/);
  });

  test('ends with status 2 for invalid settings before it sends a request', async () => {
    const run = await runProgram(['check', '--kubeconfig', cluster.kubeconfig, '--kinds', 'Pod']);
    assert.deepEqual([run.status, run.stdout], [2, '']);
    assert.match(run.stderr, /kinds/);
  });

  test('reports in one line that there is no cluster, with status 3', async () => {
    const run = await runProgram(['check']);
    assert.deepEqual([run.status, run.stdout], [3, '']);
    assert.match(logLines(run.stderr)[0]?.msg ?? '', /no cluster is configured/);
  });

  test('that is interrupted says so, and does not report success', async (t) => {
    const namespace = await testNamespace(t);
    const stop = new AbortController();
    stop.abort(new Error('stop'));
    const { signal } = stop;
    const { status, logged } = await runCheck(cluster.kubeconfig, confined(namespace), { signal });
    assert.equal(status, 1);
    assert.deepEqual(logged, ['the check was interrupted before it was complete']);
  });
});
