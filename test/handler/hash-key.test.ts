/** The setting `hashKey` on a real control plane, on which restarts can be counted. */
import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { UnreachableError, UsageError } from '../../lib/errors.ts';
import type { Report } from '../../lib/rules/report.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import { auditFromHere } from '../../tools/control-plane/audit.ts';
import {
  configMap,
  daemonSet,
  deployment,
  secret,
  statefulSet,
  using,
} from '../../tools/control-plane/objects.ts';
import {
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../tools/control-plane/testing.ts';
import { faultProxy } from '../faults/fault-proxy.ts';
import { answer, status } from '../faults/faults.ts';
import { runCheck } from '../jobs/run-check.ts';
import { runExplain, runHistory } from '../jobs/run-explain.ts';
import { runProgram } from '../jobs/run-program.ts';
import {
  eventsAbout,
  getting,
  hashAnnotation,
  optedIn,
  outcomeOf,
  permissionsOnEvents,
  permissionsOnWorkloads,
  prefix,
  reasonsIn,
  runPass,
  sourcesAnnotation,
  templateAnnotations,
  workloadKinds,
} from './run-pass.ts';

const { api, cluster } = testCluster();

const adoptedAnnotation = `${prefix}/adopted`;
const newKey = (): string => randomBytes(32).toString('base64');

type Keys = { key?: string; previous?: string };

/** A namespace with a workload of each kind. A pass without a key has rolled each of them once. */
async function stage(t: TestContext) {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  await api.create(secret({ namespace, name: 'pin', data: { pin: '1234' }, planted: false }));
  const pod = using({ configMap: 'settings' }, { secret: 'pin' });
  for (const make of [deployment, statefulSet, daemonSet]) {
    await api.create(make({ namespace, name: 'web', annotations: optedIn, pod }));
  }
  await Promise.all(workloadKinds.map((kind) => rollouts(kind, namespace, 'web')));
  await runPass(namespace);

  const specs = () =>
    Promise.all(
      workloadKinds.map(async (kind) => (await api.get(path(kind, namespace, 'web'))).spec),
    );
  const counts = () => Promise.all(workloadKinds.map((kind) => rollouts(kind, namespace, 'web')));
  return {
    namespace,
    counts,
    async setKeys(data: Keys) {
      const object = { ...secret({ namespace, name: 'hash-key' }), data };
      await api.delete(path('Secret', namespace, 'hash-key')).catch(() => undefined);
      await api.create(object as KubernetesObject);
    },
    pass: (settings: Partial<Settings> = { hashKey: `${namespace}/hash-key` }) =>
      runPass(namespace, { settings }),
    /**
     * Fails if `work` gives a controller anything to do. The spec is compared too, because the generation of a
     * Deployment also grows with its annotations.
     */
    async untouched(work: () => Promise<Report>): Promise<Report> {
      const before = { counts: await counts(), specs: await specs() };
      const report = await work();
      assert.deepEqual({ counts: await counts(), specs: await specs() }, before);
      return report;
    },
    async adopted(): Promise<{ template: string; config: string; sources: object } | undefined> {
      const { metadata } = await api.get(path('Deployment', namespace, 'web'));
      const text = metadata.annotations?.[adoptedAnnotation];
      return text === undefined ? undefined : JSON.parse(text);
    },
  };
}

const all = (reason: string) =>
  Object.fromEntries(workloadKinds.map((kind) => [`${kind}/web`, reason]));

const canonical = (level: string, pin: string) => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return `[["ConfigMap","","settings",{"level":"${base64(level)}"}],["Secret","","pin",{"pin":"${base64(pin)}"}]]`;
};
const hmac = (key: string, text: string) =>
  createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('hex');

test('switching the key on, rotating it twice and switching it off restarts nothing', async (t) => {
  const { namespace, setKeys, pass, untouched, adopted } = await stage(t);
  const plain = (await templateAnnotations(namespace, 'web'))[hashAnnotation];
  const [one, two, three] = [newKey(), newKey(), newKey()];

  for (const [keys, written] of [
    [{ key: one }, one],
    [{ key: two, previous: one }, two],
    [{ key: three, previous: two }, three],
    [{ key: three }, undefined],
  ] as const) {
    await setKeys(keys);
    const report = await untouched(() => pass());
    assert.deepEqual(reasonsIn(report), all(written === undefined ? 'UpToDate' : 'Adopted'));
    const record = await adopted();
    assert.equal(record?.template, plain);
    assert.equal(record?.config, hmac(written ?? three, canonical('info', '1234')));
    assert.deepEqual(reasonsIn(await untouched(() => pass())), all('UpToDate'));
  }

  await setKeys({ previous: three });
  // The template still has the hash that was made without a key.
  assert.deepEqual(reasonsIn(await untouched(() => pass())), all('UpToDate'));
  assert.deepEqual(reasonsIn(await untouched(() => pass({}))), all('UpToDate'));
});

test('if data changes together with the key, the workload rolls once, and its Event names the source', async (t) => {
  const { namespace, counts, setKeys, pass, untouched, adopted } = await stage(t);
  const [one, two] = [newKey(), newKey()];
  const before = await counts();
  const rolled = (times: number) => before.map((count) => count + times);

  await setKeys({ key: one });
  await api.patch(path('Secret', namespace, 'pin'), { data: { pin: 'NDMyMQ==' } });
  const report = await pass();
  assert.deepEqual(reasonsIn(report), all('ConfigChanged'));
  for (const outcome of report.outcomes) assert.deepEqual(outcome.changed, ['Secret/pin']);
  assert.deepEqual(await counts(), rolled(1));
  assert.equal(await adopted(), undefined);
  const template = await templateAnnotations(namespace, 'web');
  assert.equal(template[hashAnnotation], hmac(one, canonical('info', '4321')));
  const entry = canonical('info', '4321').slice(1, -1).split(',["Secret')[1];
  assert.deepEqual(JSON.parse(template[sourcesAnnotation] ?? ''), {
    hash: template[hashAnnotation]?.slice(0, 12),
    key: hmac(one, 'wave-cron hash key').slice(0, 8),
    'ConfigMap/settings': hmac(
      one,
      canonical('info', '').slice(1).split(',["Secret')[0] ?? '',
    ).slice(0, 12),
    'Secret/pin': hmac(one, `["Secret${entry}`).slice(0, 12),
  });

  await setKeys({ key: two, previous: one });
  assert.deepEqual(reasonsIn(await untouched(() => pass())), all('Adopted'));
  assert.equal((await adopted())?.config, hmac(two, canonical('info', '4321')));
  await api.patch(path('ConfigMap', namespace, 'settings'), { data: { level: 'debug' } });
  const again = await pass();
  assert.equal(outcomeOf(again, 'web').sentence, 'ConfigMap/settings changed');
  assert.deepEqual(await counts(), rolled(2));
  assert.equal(await adopted(), undefined);

  // The key is switched off. By now, the template has a keyed hash.
  await setKeys({ previous: two });
  assert.deepEqual(reasonsIn(await untouched(() => pass())), all('Adopted'));
  assert.deepEqual(reasonsIn(await untouched(() => pass({}))), all('UpToDate'));

  const told = (await eventsAbout(namespace, 'web')).filter(
    ({ regarding }) => regarding.kind === 'Deployment',
  );
  const notes = told.map(({ reason, note }) => `${reason}: ${note}`);
  assert.deepEqual(notes, [
    'FirstSeen: first seen, 2 sources: the hash is written, which restarts it once',
    'ConfigChanged: Secret/pin changed',
    'Adopted: recorded again without a restart, 2 sources: the template carries the hash of the current configuration, made with the previous key',
    'ConfigChanged: ConfigMap/settings changed',
    'Adopted: recorded again without a restart, 2 sources: the template carries the hash of the current configuration, made with the previous key',
  ]);

  const { text } = await runHistory({ workload: 'deployment/web', namespace });
  assert.match(
    text,
    /the configuration changed \(the hash key changed too, so it is unknown which values changed\)/,
  );
  assert.doesNotMatch(text, /settings changed, Secret\/pin changed/);
});

test('a change of the key does not change finalizers, owner references or an opt-out', async (t) => {
  const { namespace, setKeys, pass, untouched } = await stage(t);
  const hashKey = `${namespace}/hash-key`;
  const owned = { hashKey, ownership: 'finalizer' } as const;
  await setKeys({ key: newKey() });
  await runPass(namespace, { settings: { ownership: 'finalizer' } });
  const marks = async () => {
    const objects = await Promise.all([
      api.get(path('Deployment', namespace, 'web')),
      api.get(path('ConfigMap', namespace, 'settings')),
      api.get(path('Secret', namespace, 'pin')),
      api.get(path('Secret', namespace, 'hash-key')),
    ]);
    return objects.map(({ metadata }) => [metadata.finalizers, metadata['ownerReferences']]);
  };
  const before = await marks();
  assert.ok(JSON.stringify(before).includes('wave.pusher.com/finalizer'));
  assert.deepEqual(reasonsIn(await untouched(() => pass(owned))), all('Adopted'));
  assert.deepEqual(await marks(), before);

  const off = { metadata: { annotations: { [`${prefix}/update-on-config-change`]: 'false' } } };
  await api.patch(path('Deployment', namespace, 'web'), off);
  const report = await untouched(() => pass(owned));
  assert.equal(reasonsIn(report)['Deployment/web'], 'OptedOut');
  const { metadata } = await api.get(path('Deployment', namespace, 'web'));
  assert.equal(metadata.annotations?.[adoptedAnnotation], undefined);
  assert.deepEqual(metadata.finalizers, undefined);
});

test('if its key cannot be read, a pass fails, and compares and writes nothing', async (t) => {
  const { namespace, setKeys, pass, untouched } = await stage(t);
  await api.patch(path('ConfigMap', namespace, 'settings'), { data: { level: 'debug' } });
  const refused = async (run: () => Promise<unknown>, error: object, message: RegExp) => {
    await untouched(async () => {
      await assert.rejects(run, (thrown: Error) => {
        assert.ok(thrown instanceof (error as new () => Error), thrown.name);
        assert.match(thrown.message, message);
        return true;
      });
      return {} as Report;
    });
  };
  const label = `Secret ${namespace}/hash-key \\(setting hashKey\\)`;
  await refused(() => pass(), UsageError, new RegExp(`^${label} does not exist: create it`));
  await setKeys({ key: Buffer.from('too short').toString('base64') });
  await refused(() => pass(), UsageError, new RegExp(`^${label}: key has 9 bytes`));
  await setKeys({ key: newKey() });

  const run = (kubeconfig: string) =>
    runPass(namespace, { kubeconfig, settings: { hashKey: `${namespace}/hash-key` } });
  const rules = [
    ...permissionsOnWorkloads,
    permissionsOnEvents,
    getting('configmaps'),
    { ...getting('secrets'), resourceNames: ['pin'] },
  ];
  const account = await serviceAccount(t, { namespace, rules });
  const permission = `wave-cron needs get on secrets of this name in namespace ${namespace}$`;
  await refused(
    () => run(account.kubeconfig),
    UnreachableError,
    new RegExp(`^${label} cannot be read, .*forbidden.*; ${permission}`),
  );
  const proxy = await faultProxy(t);
  proxy.on('GET', /\/secrets\/hash-key/, answer(status(503, 'ServiceUnavailable', 'gone')));
  await refused(
    () => run(proxy.kubeconfig()),
    UnreachableError,
    new RegExp(`^${label} cannot be read`),
  );

  // The same cases with the program itself, which ends with the documented exit statuses.
  const planned = async (kubeconfig: string, ...args: string[]) => {
    const flags = [`--kubeconfig=${kubeconfig}`, `--namespaces=${namespace}`, ...args];
    const run = await runProgram(['plan', ...flags, `--lease-namespace=${namespace}`]);
    return run;
  };
  const forbidden = await planned(account.kubeconfig, '--hash-key=hash-key');
  assert.equal(forbidden.status, 3, forbidden.stderr);
  const absent = await planned(cluster.kubeconfig, '--hash-key=nowhere');
  assert.equal(absent.status, 2, absent.stderr);
  assert.match(
    absent.stderr,
    new RegExp(`Secret ${namespace}/nowhere \\(setting hashKey\\) does not exist`),
  );
});

test('a pass reads the key once, by its name', async (t) => {
  const { namespace, setKeys, pass } = await stage(t);
  await setKeys({ key: newKey() });
  const audit = await auditFromHere(cluster);
  await pass();
  const read = await audit.entries({ namespace, userAgent: /^wave-cron\//, name: 'hash-key' });
  assert.deepEqual(
    read.map(({ verb }) => verb),
    ['get'],
  );
});

test('explain without the permission to read the key says that it cannot compare, and shows the rest', async (t) => {
  const { namespace, setKeys, pass } = await stage(t);
  const key = newKey();
  await setKeys({ key });
  await pass();
  const rules = [
    ...permissionsOnWorkloads,
    getting('configmaps'),
    { ...getting('secrets'), resourceNames: ['pin'] },
  ];
  const { kubeconfig } = await serviceAccount(t, { namespace, rules });
  const flags = { hashKey: 'hash-key', 'lease.namespace': namespace };
  const asked = { workload: 'deployment/web', namespace, flags };
  const explained = async (who = {}) => (await runExplain({ ...asked, ...who })).text;

  // The hash on the template was made without a key, so it can be compared.
  const early = await explained({ kubeconfig });
  assert.match(early, /Next pass +unknown: the hash key could not be read/);
  assert.match(early, /Hash +[0-9a-f]{12} on the template and now/);

  const level = async (level: string) =>
    await api.patch(path('ConfigMap', namespace, 'settings'), { data: { level } });
  await level('debug');
  await pass();
  const text = await explained({ kubeconfig });
  assert.match(text, /Next pass +unknown: the hash key could not be read/);
  assert.match(text, /Hash +[0-9a-f]{12} on the template, unknown now\n/);
  assert.match(
    text,
    new RegExp(`Secret ${namespace}/hash-key \\(setting hashKey\\): .*cannot be read`),
  );
  assert.match(text, /ConfigMap\/settings +present/);
  assert.doesNotMatch(text, /changed| same /);

  const whole = await explained();
  assert.match(whole, /Next pass +UpToDate/);
  assert.match(whole, /Hash +[0-9a-f]{12} on the template and now/);

  await setKeys({ key: newKey(), previous: key });
  await level('warn');
  const rotated = await explained();
  assert.match(rotated, /Next pass +ConfigChanged, which restarts it: ConfigMap\/settings changed/);
  assert.match(rotated, /Secret\/pin +present +required +all +\S+ +same/);
  await setKeys({ key: newKey() });
  assert.match(await explained(), /with an unknown hash key/);
});

test('explain does not show an unkeyed hash of the current data, only the hash on the template', async (t) => {
  const { namespace, setKeys } = await stage(t);
  await setKeys({ key: newKey() });
  await api.patch(path('Secret', namespace, 'pin'), { data: { pin: 'NDMyMQ==' } });
  const flags = { hashKey: 'hash-key', 'lease.namespace': namespace };
  const { text } = await runExplain({ workload: 'deployment/web', namespace, flags }, 'json');
  const entry = '["Secret","","pin",{"pin":"NDMyMQ=="}]';
  for (const plain of [canonical('info', '4321'), entry]) {
    const hash = createHash('sha256').update(plain).digest('hex');
    assert.ok(!text.includes(hash.slice(0, 12)), text);
  }
});

test('check reports a missing or invalid Secret of hashKey, and the permission to get it', async (t) => {
  const { namespace, setKeys } = await stage(t);
  const flags = { hashKey: 'hash-key', namespaces: namespace, 'lease.namespace': namespace };
  const check = (kubeconfig = cluster.kubeconfig) => runCheck(kubeconfig, flags);
  const absent = await check();
  assert.equal(absent.status, 1);
  assert.equal(absent.problems.length, 1);
  assert.match(absent.problems[0] ?? '', /hash-key \(setting hashKey\) does not exist/);
  await setKeys({ key: newKey() });
  assert.deepEqual((await check()).problems, []);

  const { kubeconfig } = await serviceAccount(t, { namespace, rules: [getting('configmaps')] });
  const refused = await check(kubeconfig);
  const told = refused.problems.filter((problem) => problem.includes('hash-key'));
  assert.deepEqual(told, [
    `missing permission: get secrets/hash-key in namespace ${namespace}. It is needed to read the key of the hashes (with hashKey); without it no workload is reconciled: exit status 3`,
  ]);
});
