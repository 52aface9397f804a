/** The setting `hashKey: auto` on a real control plane, with the shipped permissions. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { UnreachableError, UsageError } from '../../lib/errors.ts';
import { keyedDigest } from '../../lib/rules/hash/digest.ts';
import type { Report } from '../../lib/rules/report.ts';
import { defaultSettings, type Settings } from '../../lib/settings/schema.ts';
import { path } from '../../tools/control-plane/api.ts';
import { auditFromHere } from '../../tools/control-plane/audit.ts';
import {
  daemonSet,
  deployment,
  secret,
  statefulSet,
  using,
} from '../../tools/control-plane/objects.ts';
import {
  hasKubectl,
  type Rule,
  rollouts,
  type ServiceAccount,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../tools/control-plane/testing.ts';
import { type Fault, type FaultProxy, faultProxy } from '../faults/fault-proxy.ts';
import { after, answer, loseAnswer, status } from '../faults/faults.ts';
import { runCheck } from '../jobs/run-check.ts';
import { runExplain } from '../jobs/run-explain.ts';
import { runOnce } from '../jobs/run-once.ts';
import { build, overlay } from '../manifests/kustomize.ts';
import {
  optedIn,
  prefix,
  type RunOptions,
  reasonsIn,
  runPass,
  sourcesAnnotation,
  templateAnnotations,
  workloadKinds,
} from './run-pass.ts';

const { api, cluster } = testCluster();
const skip = hasKubectl() ? false : 'there is no kubectl';

/** The rules that the shipped roles grant in one namespace, with or without the admission policies. */
async function shippedRules(namespace: string, hasPolicies: boolean): Promise<Rule[]> {
  const components = ['namespaced', ...(hasPolicies ? ['admission-policies'] : [])];
  const own = { components: components.map((name) => `components/${name}`), namespace };
  const objects = await build(overlay({ resources: ['cronjob'], ...own }));
  return objects.flatMap(({ kind, ...role }) => (kind === 'Role' ? (role['rules'] as Rule[]) : []));
}

const all = (reason: string) =>
  Object.fromEntries(workloadKinds.map((kind) => [`${kind}/web`, reason]));

const pod = using({ secret: 'pin' });

/** wave-cron's own namespace with a workload of each kind, and a service account with the shipped permissions. */
async function stage(t: TestContext, { hasPolicies = true } = {}) {
  const namespace = await testNamespace(t);
  await api.create(secret({ namespace, name: 'pin', data: { pin: '1234' }, planted: false }));
  for (const make of [deployment, statefulSet, daemonSet]) {
    await api.create(make({ namespace, name: 'web', annotations: optedIn, pod }));
  }
  const account = await serviceAccount(t, {
    namespace,
    rules: await shippedRules(namespace, hasPolicies),
  });
  const counts = () => Promise.all(workloadKinds.map((kind) => rollouts(kind, namespace, 'web')));
  await counts();
  const settings: Partial<Settings> = {
    hashKey: 'auto',
    lease: { ...defaultSettings.lease, namespace },
  };
  const flags = { namespaces: namespace, 'lease.namespace': namespace, ownership: 'off' };
  return {
    namespace,
    account,
    settings,
    flags: { ...flags, hashKey: 'auto' },
    counts,
    pass: (options: RunOptions = {}) =>
      runPass(namespace, {
        kubeconfig: account.kubeconfig,
        ...options,
        settings: { ...settings, ...options.settings },
      }),
    passWithoutKey: () => runPass(namespace),
    key: () => api.find(path('Secret', namespace, 'wave-cron-hash-key')),
    dropKey: () => api.delete(path('Secret', namespace, 'wave-cron-hash-key')),
    /** The ids of the keys with which the hashes on the templates were made. */
    async keyIds(): Promise<unknown[]> {
      const ids = workloadKinds.map(async (kind) => {
        const text = (await templateAnnotations(namespace, 'web', kind))[sourcesAnnotation];
        return JSON.parse(text ?? '{}').key;
      });
      return [...new Set(await Promise.all(ids))];
    },
    /** Runs `work`, and fails if `work` starts a rollout. */
    async untouched(work: () => Promise<Report>): Promise<Report> {
      const before = await counts();
      const report = await work();
      assert.deepEqual(await counts(), before);
      return report;
    },
    /** Fails unless the pass ends with an error of this class and writes nothing. Returns the message. */
    async refused(run: () => Promise<unknown>, kind: typeof UsageError | typeof UnreachableError) {
      const audit = await auditFromHere(cluster);
      let message = '';
      await assert.rejects(run, (error: Error) => {
        assert.ok(error instanceof kind, `${error.name}: ${error.message}`);
        message = error.message;
        return true;
      });
      const written = await audit.entries({ namespace, userAgent: /^wave-cron\//, verb: 'patch' });
      assert.deepEqual(written, []);
      return message;
    },
  };
}

const idOf = (found: { data?: Record<string, string> } | undefined) =>
  keyedDigest(Buffer.from(found?.data?.['key'] ?? '', 'base64')).keyId;

const through = (proxy: FaultProxy, { token }: ServiceAccount) => ({
  kubeconfig: proxy.kubeconfig({ token }),
});

test('the first pass creates the Secret with only a key of 32 random bytes, and uses it at once', {
  skip,
}, async (t) => {
  const { namespace, account, pass, key, keyIds } = await stage(t);
  const planned = await pass({ write: false });
  assert.equal(await key(), undefined);
  const audit = await auditFromHere(cluster);
  const first = await pass();
  assert.deepEqual(reasonsIn(first), all('FirstSeen'));
  assert.deepEqual(reasonsIn(planned), reasonsIn(first));
  assert.equal(first.hashKeyProblem, undefined);

  const made = await key();
  assert.ok(made !== undefined);
  assert.deepEqual(Object.keys(made.data ?? {}), ['key']);
  assert.equal(Buffer.from(made.data?.['key'] ?? '', 'base64').length, 32);
  assert.equal(made['type'], 'Opaque');
  assert.equal(made['immutable'], undefined);
  const { managedFields, ...metadata } = made.metadata as Record<string, unknown>;
  assert.deepEqual(Object.keys(metadata).sort(), [
    'creationTimestamp',
    'name',
    'namespace',
    'resourceVersion',
    'uid',
  ]);
  assert.deepEqual(
    (managedFields as { manager: string }[]).map(({ manager }) => manager),
    ['wave-cron'],
  );
  assert.deepEqual(await keyIds(), [idOf(made)]);

  assert.deepEqual(reasonsIn(await pass()), all('UpToDate'));
  const secrets = await audit.entries({ namespace, user: account.user });
  const onKey = secrets.filter(
    ({ objectRef }) => objectRef?.resource === 'secrets' && objectRef.name !== 'pin',
  );
  assert.deepEqual(
    onKey.map(({ verb }) => verb),
    ['get', 'create', 'get'],
  );
});

for (const [what, fault] of [
  ['got no response', () => loseAnswer],
  ['came after that of another pass', (other: () => Promise<unknown>) => after(other)],
] as const satisfies readonly [string, (other: () => Promise<unknown>) => Fault][]) {
  test(`a pass whose creation of the Secret ${what} reads the Secret again and uses the key in it`, {
    skip,
  }, async (t) => {
    const { account, pass, key, keyIds } = await stage(t);
    const proxy = await faultProxy(t);
    proxy.on(
      'POST',
      /\/secrets/,
      fault(() => pass()),
      { times: 1 },
    );
    const report = await pass(through(proxy, account));
    assert.equal(report.pass, 'Completed');
    assert.equal(report.hashKeyProblem, undefined);
    assert.deepEqual(await keyIds(), [idOf(await key())]);
    assert.deepEqual(reasonsIn(await pass()), all('UpToDate'));
  });
}

test('an installation without a key gets one, rotates it and switches it off, and nothing restarts', {
  skip,
}, async (t) => {
  const { namespace, settings, pass, passWithoutKey, key, untouched } = await stage(t);
  await passWithoutKey();
  const planned = await untouched(() => pass({ write: false }));
  assert.deepEqual(reasonsIn(planned), all('UpToDate'));
  assert.equal(await key(), undefined);
  assert.deepEqual(reasonsIn(await untouched(() => pass())), all('Adopted'));
  assert.deepEqual(reasonsIn(await untouched(() => pass())), all('UpToDate'));

  const previous = (await key())?.data?.['key'] ?? '';
  const rotate = (data: Record<string, string | null>) =>
    api.patch(path('Secret', namespace, 'wave-cron-hash-key'), { data });
  await rotate({ key: randomBytes(32).toString('base64'), previous });
  assert.deepEqual(reasonsIn(await untouched(() => pass())), all('Adopted'));
  await rotate({ previous: null });
  assert.deepEqual(reasonsIn(await untouched(() => pass())), all('UpToDate'));
  await rotate({ previous: (await key())?.data?.['key'] ?? '', key: null });
  await untouched(() => pass());
  const { hashKey: _, ...off } = settings;
  assert.deepEqual(
    reasonsIn(await untouched(() => runPass(namespace, { settings: off }))),
    all('UpToDate'),
  );
});

test('if the Secret is deleted and workloads have hashes of its key, nothing is written until the Secret is restored or a new key is accepted', {
  skip,
}, async (t) => {
  const { namespace, flags, pass, key, dropKey, counts, untouched, refused } = await stage(t);
  await pass();
  const backup = await key();
  const before = await counts();
  await dropKey();
  const message = await refused(() => pass(), UsageError);
  assert.match(
    message,
    /^Secret \S+\/wave-cron-hash-key \(setting hashKey\) does not exist, but 3 workloads have hashes made with its key, such as \w+ \S+\/web; nothing was written: restore the Secret from a backup, or accept a new key, which restarts each of them once: /,
  );
  assert.equal(await key(), undefined);
  assert.equal(await refused(() => pass({ write: false }), UsageError), message);
  const asked = { workload: 'deployment/web', namespace };
  const { ownership: _, namespaces: __, ...scope } = flags;
  const explained = await runExplain({ ...asked, flags: scope });
  assert.match(explained.text, /Next pass +unknown: the hash key could not be read/);
  const ended = await runOnce(cluster.kubeconfig, flags);
  assert.equal(ended.status, 2);

  const restored = { ...backup, metadata: { namespace, name: 'wave-cron-hash-key' } };
  await api.create(restored as NonNullable<typeof backup>);
  assert.deepEqual(reasonsIn(await untouched(() => pass())), all('UpToDate'));

  await dropKey();
  const command = /: (head .*)$/.exec(message)?.[1] ?? '';
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
  await promisify(execFile)('sh', ['-c', command], { env });
  assert.equal(Buffer.from((await key())?.data?.['key'] ?? '', 'base64').length, 32);
  assert.deepEqual(reasonsIn(await pass()), all('ConfigChanged'));
  assert.deepEqual(
    await counts(),
    before.map((count) => count + 1),
  );
  assert.deepEqual(reasonsIn(await untouched(() => pass())), all('UpToDate'));
});

test('if a quota refuses the Secret, hashes have no key, with a warning, until the quota has room', {
  skip,
}, async (t) => {
  const { namespace, account, flags, pass, key, keyIds, untouched } = await stage(t);
  const quotas = `/api/v1/namespaces/${namespace}/resourcequotas`;
  await api.post(quotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'full' },
    spec: { hard: { 'count/secrets': '1' } },
  });
  await api.waitFor(
    `${quotas}/full`,
    (it) => (it?.status?.['used'] as Record<string, string>)?.['count/secrets'] === '1',
  );
  const { status: ends, lines } = await runOnce(account.kubeconfig, flags);
  assert.equal(ends, 0, JSON.stringify(lines));
  const warnings = lines.filter(({ level }) => level === 'warn');
  assert.equal(warnings.length, 1, JSON.stringify(warnings));
  assert.match(
    warnings[0]?.msg ?? '',
    /^Secret \S+ \(setting hashKey\) does not exist and was not created, so hashes are made without a key, .*: secrets "wave-cron-hash-key" is forbidden: exceeded quota: full, requested: count\/secrets=1, used: count\/secrets=1, limited: count\/secrets=1 \[HTTP 403\]; create it yourself: head /,
  );
  assert.deepEqual([await key(), await keyIds()], [undefined, [undefined]]);
  assert.deepEqual(reasonsIn(await untouched(() => pass())), all('UpToDate'));

  await api.delete(`${quotas}/full`);
  const report = await untouched(() => pass());
  assert.deepEqual(reasonsIn(report), all('Adopted'));
  assert.equal(report.hashKeyProblem, undefined);
});

test('without the permission to create the Secret, a pass goes on without a key, check says how to create it, and later passes use it', {
  skip,
}, async (t) => {
  const { namespace, account, flags, pass, keyIds, untouched } = await stage(t, {
    hasPolicies: false,
  });
  const ends = await runOnce(account.kubeconfig, flags);
  assert.equal(ends.status, 0, JSON.stringify(ends.lines));
  const warnings = ends.lines.filter(({ level }) => level === 'warn');
  assert.match(
    warnings.map(({ msg }) => msg).join('\n'),
    /^[^\n]*cannot create resource "secrets"[^\n]*$/,
  );
  assert.deepEqual(await keyIds(), [undefined]);

  const found = await runCheck(account.kubeconfig, flags);
  assert.deepEqual([found.status, found.problems, found.missingRules], [0, [], []]);
  const note = found.notes.find((it) => it.includes('wave-cron-hash-key')) ?? '';
  assert.match(
    note,
    /^Secret \S+ \(setting hashKey\) does not exist, and this account may not create it, so hashes are made without a key: an account that can read workloads, but not Secrets, can guess a short value such as a PIN; create it: head /,
  );
  const command = /create it: (.*)$/.exec(note)?.[1] ?? '';
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
  await promisify(execFile)('sh', ['-c', command], { env });
  assert.deepEqual(reasonsIn(await untouched(() => pass())), all('Adopted'));
  const after = await runCheck(account.kubeconfig, flags);
  assert.deepEqual([after.problems, after.notes.filter((it) => it.includes('key'))], [[], []]);
  assert.match(
    JSON.stringify(after),
    new RegExp(`Secret ${namespace}/wave-cron-hash-key .* exists`),
  );
});

test('check says that the first pass creates the Secret, and which values can be guessed without a key', {
  skip,
}, async (t) => {
  const { account, flags } = await stage(t);
  const found = await runCheck(account.kubeconfig, flags);
  assert.deepEqual([found.status, found.problems], [0, []]);
  assert.ok(!found.notes.some((note) => note.includes('key')), found.notes.join('\n'));
  const permission = found.permissions?.find(
    ({ verb, resource }) => `${verb} ${resource}` === 'create secrets',
  );
  assert.equal(permission?.state, 'granted');
  const { hashKey: _, ...without } = flags;
  const off = await runCheck(account.kubeconfig, without);
  assert.deepEqual([off.status, off.problems], [0, []]);
  const told = off.notes.filter((note) => note.includes('key'));
  assert.deepEqual(told, [
    'hashes are made without a key: an account that can read workloads, but not Secrets, can guess a short value such as a PIN; hashKey: auto prevents that (docs/security.md)',
  ]);
});

test('a tenant that writes its own keyed records stops no pass', { skip }, async (t) => {
  const { namespace, pass, key } = await stage(t);
  const tenant = await testNamespace(t);
  const podAnnotations = {
    [`${prefix}/config-hash`]: 'a'.repeat(64),
    [sourcesAnnotation]: '{"key":"01234567"}',
  };
  for (const name of ['a', 'b', 'c', 'd']) {
    await api.create(deployment({ namespace: tenant, name, annotations: optedIn, podAnnotations }));
  }
  const { kubeconfig } = cluster;
  const report = await pass({ kubeconfig, settings: { namespaces: [namespace, tenant] } });
  assert.equal(report.pass, 'Completed');
  assert.ok((await key()) !== undefined);
});

test('a shard whose own workloads have no hashes of a lost key respects those of other shards', {
  skip,
}, async (t) => {
  const { pass, dropKey, refused } = await stage(t);
  await pass();
  await dropKey();
  for (const index of [0, 1]) {
    const settings = { shard: { count: 2, index } };
    assert.match(await refused(() => pass({ settings }), UsageError), /3 workloads have hashes/);
  }
});

test('no key is created while a list is refused, because workloads in it may have hashes of a lost key', {
  skip,
}, async (t) => {
  const { account, pass, key } = await stage(t);
  const proxy = await faultProxy(t);
  proxy.on('GET', /\/daemonsets\?/, answer(status(403, 'Forbidden', 'no')), { times: 1 });
  const report = await pass(through(proxy, account));
  assert.match(report.hashKeyProblem ?? '', /some workloads could not be listed; the next pass/);
  assert.equal(await key(), undefined);
  assert.equal((await pass()).hashKeyProblem, undefined);
  assert.ok((await key()) !== undefined);
});

test('a pass that does not learn whether the Secret was created fails, and the next pass goes on', {
  skip,
}, async (t) => {
  const { account, pass, refused } = await stage(t);
  const conflict = status(409, 'Conflict', 'a quota was counted');
  const broken = { ...status(507, 'InsufficientStorage', 'no room'), status: 507 };
  for (const [what, said] of [
    [conflict, /cannot be created: /],
    [broken, /cannot be created: /],
  ] as const) {
    const proxy = await faultProxy(t);
    proxy.on('POST', /\/secrets/, answer(what));
    assert.match(await refused(() => pass(through(proxy, account)), UnreachableError), said);
  }
  const proxy = await faultProxy(t);
  proxy.on('POST', /\/secrets/, answer(conflict), { times: 1 });
  assert.deepEqual(reasonsIn(await pass(through(proxy, account))), all('FirstSeen'));
});
