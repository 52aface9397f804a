/** The effects of `approve`, and the passes after it. */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { defaultSettings, type RolloutSettings } from '../../../lib/settings/schema.ts';
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import {
  configMap,
  deployment,
  secret,
  using,
  type Workload,
} from '../../../tools/control-plane/objects.ts';
import {
  type Rule,
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import {
  optedIn,
  outcomeOf,
  prefix,
  type RunOptions,
  requestsIn,
  runPass,
  templateAnnotations,
  writeVerbs,
} from '../../handler/run-pass.ts';
import { runApprove } from '../run-explain.ts';
import { runProgram } from '../run-program.ts';

const { api, cluster } = testCluster();

const pendingConfig = `${prefix}/pending-config`;
const approvedConfig = `${prefix}/approved-config`;
const rolloutNow = `${prefix}/rollout-now`;
const rolloutHistory = `${prefix}/rollout-history`;

const pod = using({ configMap: 'settings' }, { secret: 'credentials', key: 'password' });

const withRollouts = (rollouts: Partial<RolloutSettings>, more: RunOptions = {}): RunOptions => ({
  ...more,
  settings: { ...more.settings, rollouts: { ...defaultSettings.rollouts, ...rollouts } },
});
const needsApproval = withRollouts({ approval: 'required' });

/** Creates Deployment web and waits for its first rollout. Each call of `change` changes its configuration. */
async function shop(t: TestContext, more: Partial<Workload> = {}, first: RunOptions = {}) {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { level: 'info' } }));
  await api.create(secret({ namespace, name: 'credentials', data: { password: 'hunter2' } }));
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod, ...more }));
  const here = path('Deployment', namespace, 'web');
  const pass = async (options: RunOptions = {}) =>
    outcomeOf(await runPass(namespace, options), 'web');
  await pass(first);
  const before = await rollouts('Deployment', namespace, 'web');
  let changes = 0;
  return {
    ...{ namespace, here, pass },
    asked: { workload: 'deployment/web', namespace },
    change: async () => {
      changes += 1;
      await api.patch(path('ConfigMap', namespace, 'settings'), { data: { level: `${changes}` } });
    },
    annotations: async () => (await api.get(here)).metadata.annotations ?? {},
    /** The number of rollouts of the Deployment since its first rollout. */
    rolled: async () => (await rollouts('Deployment', namespace, 'web')) - before,
  };
}

/** The Deployment of `shop`, with a change that is held until somebody approves it. */
async function held(t: TestContext, more: Partial<Workload> = {}) {
  const stage = await shop(t, more);
  await stage.change();
  const { reason } = await stage.pass(needsApproval);
  assert.equal(reason, 'AwaitingApproval');
  return stage;
}

const hashIn = (text: string | undefined): string => JSON.parse(text ?? '').hash;

const managers = ({ metadata }: KubernetesObject, annotation: string) =>
  ((metadata['managedFields'] ?? []) as ManagedFields[])
    .filter(
      ({ fieldsV1 }) => `f:${annotation}` in (fieldsV1['f:metadata']?.['f:annotations'] ?? {}),
    )
    .map(({ manager }) => manager);
type ManagedFields = {
  manager: string;
  fieldsV1: { 'f:metadata'?: { 'f:annotations'?: object } };
};

/** Permissions on this one Deployment only. */
const onWeb: Rule = {
  ...{ apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['web'] },
  verbs: ['get', 'patch'],
};

suite('an approval', () => {
  test('leads to one rollout in the next pass, and to none before', async (t) => {
    const { asked, pass, rolled, annotations, here } = await held(t);
    assert.equal(await rolled(), 0);
    const { [pendingConfig]: pending } = await annotations();
    const { status, text } = await runApprove(asked);
    assert.equal(status, 0, text);
    assert.match(
      text,
      /^Approved [0-9a-f]{12} for Deployment .*: the next pass restarts it, unless/m,
    );
    assert.equal(await rolled(), 0);
    const { [approvedConfig]: approved, ...rest } = await annotations();
    assert.equal(approved, hashIn(pending));
    assert.equal(rest[rolloutNow], undefined);
    assert.deepEqual(managers(await api.get(here), approvedConfig), ['wave-cron-approve']);

    assert.equal((await pass(needsApproval)).reason, 'ConfigChanged');
    assert.equal((await pass(needsApproval)).reason, 'UpToDate');
    assert.equal(await rolled(), 1);
    assert.equal((await annotations())[pendingConfig], undefined);
  });

  test('is one PATCH of one annotation, after one get of the workload and of each source', async (t) => {
    const { asked, namespace } = await held(t);
    const audit = await auditFromHere(cluster);
    assert.equal((await runApprove(asked)).status, 0);
    const requests = await audit.entries(requestsIn(namespace));
    const inShort = requests.map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}`);
    assert.deepEqual(inShort.sort(), [
      'get configmaps',
      'get deployments',
      'get secrets',
      'patch deployments',
    ]);
  });

  test('of an older configuration has no effect', async (t) => {
    const { asked, change, pass, rolled, annotations } = await held(t);
    assert.equal((await runApprove(asked)).status, 0);
    await change();
    const { reason, sentence } = await pass(needsApproval);
    assert.equal(reason, 'AwaitingApproval');
    assert.match(sentence, /what is approved is another configuration/);
    assert.equal(await rolled(), 0);
    const { [pendingConfig]: pending, [approvedConfig]: approved } = await annotations();
    assert.notEqual(approved, hashIn(pending));
    assert.equal((await runApprove(asked)).status, 0);
    assert.equal((await pass(needsApproval)).reason, 'ConfigChanged');
    assert.equal(await rolled(), 1);
  });

  test('survives a rotation of the hash key', async (t) => {
    const namespace = await testNamespace(t);
    const options = { settings: { hashKey: `${namespace}/hash-key` } };
    const [old, next] = ['a'.repeat(32), 'b'.repeat(32)];
    const keys = (data: Record<string, string>) =>
      secret({ namespace, name: 'hash-key', data, planted: false });
    await api.create(keys({ key: old }));
    const { asked, change, pass, rolled, annotations } = await shop(t, {}, options);
    const approving = withRollouts({ approval: 'required' }, options);
    await change();
    assert.equal((await pass(approving)).reason, 'AwaitingApproval');
    const before = await annotations();
    assert.equal((await runApprove(asked)).status, 0);
    await api.delete(path('Secret', namespace, 'hash-key'));
    await api.create(keys({ key: next, previous: old }));

    assert.equal((await pass(approving)).reason, 'ConfigChanged');
    assert.equal((await pass(approving)).reason, 'UpToDate');
    assert.equal(await rolled(), 1);
    const { 'wave.pusher.com/config-hash': hash } = await templateAnnotations(
      asked.namespace,
      'web',
    );
    assert.notEqual(hash, hashIn(before[pendingConfig]));
  });

  test('needs only the permissions get and patch on the workload, and shows which sources it may not read', async (t) => {
    const { asked, namespace, annotations } = await held(t);
    const { kubeconfig } = await serviceAccount(t, { namespace, rules: [onWeb] });
    const { status, text } = await runApprove({ ...asked, kubeconfig });
    assert.equal(status, 0, text);
    assert.match(text, /ConfigMap\/settings +NOT READ .*cannot get resource "configmaps"/);
    assert.match(text, /Secret\/credentials +NOT READ .*cannot get resource "secrets"/);
    assert.ok((await annotations())[approvedConfig]);
  });

  test('that exists already is not written again, and the status is 0', async (t) => {
    const { asked, namespace } = await held(t);
    await runApprove(asked);
    const audit = await auditFromHere(cluster);
    const { status, text } = await runApprove(asked);
    assert.equal(status, 0, text);
    assert.match(
      text,
      /^Nothing was written: annotation \S+\/approved-config approves [0-9a-f]{12}/m,
    );
    const writes = await audit.entries({ ...requestsIn(namespace), verb: writeVerbs });
    assert.deepEqual(writes, []);
    assert.match((await runApprove(asked, { now: true })).text, /^Approved /m);
    assert.match((await runApprove(asked)).text, /annotation \S+\/rollout-now approves/);
  });

  test('says if another hold remains that it does not end', async (t) => {
    const { asked, pass, change, rolled } = await shop(t);
    await change();
    const both = withRollouts({ approval: 'required', paused: true });
    assert.equal((await pass(both)).reason, 'Paused');
    const { status, text } = await runApprove(asked);
    assert.equal(status, 0, text);
    assert.match(text, /it is still held by Paused, which an approval does not end; approve --now/);
    assert.equal((await pass(both)).reason, 'Paused');
    assert.equal((await pass(needsApproval)).reason, 'ConfigChanged');
    assert.equal(await rolled(), 1);
  });

  test('has no effect if the configuration changed while a person decided, and the command says so with status 1', async (t) => {
    const { asked, change, pass, rolled } = await held(t);
    const ask = async () => {
      await change();
      await pass(needsApproval);
      return true;
    };
    const { status, text } = await runApprove(asked, { yes: false, ask });
    assert.equal(status, 1);
    assert.match(text, /^The approval of [0-9a-f]{12} .* has no effect: .* Run this again/m);
    assert.equal((await pass(needsApproval)).reason, 'AwaitingApproval');
    assert.equal(await rolled(), 0);
  });
});

suite('before it approves, it', () => {
  test('shows the hold and the last write of each source, and says which writes are newer than the last hash', async (t) => {
    const { asked, here, namespace } = await held(t);
    const history = JSON.stringify(['2001-01-01T00:00:00Z']);
    await api.patch(here, { metadata: { annotations: { [rolloutHistory]: history } } });
    const { text } = await runApprove(asked);
    const { managedFields } = (await api.get(path('ConfigMap', namespace, 'settings'))).metadata;
    const { manager, time } = (managedFields as { manager: string; time: string }[])[0] ?? {};
    assert.match(text, new RegExp(`^Deployment ${namespace}/web$`, 'm'));
    assert.match(text, /^Held +since 20\S+Z: AwaitingApproval$/m);
    assert.match(text, /^Approves +[0-9a-f]{12}$/m);
    assert.match(text, /^Last hash +written at 2001-01-01T00:00:00Z$/m);
    assert.match(text, new RegExp(`ConfigMap/settings +present +${time} +${manager} +YES$`, 'm'));
    assert.match(text, /Secret\/credentials +present +20\S+Z +\S+ +YES$/m);
    const later = JSON.stringify(['2999-01-01T00:00:00Z']);
    await api.patch(here, { metadata: { annotations: { [rolloutHistory]: later } } });
    assert.match((await runApprove(asked)).text, /ConfigMap\/settings .* no$/m);
  });

  test('asks on a terminal, and if the answer is no, it writes nothing and ends with status 1', async (t) => {
    const { asked, annotations } = await held(t);
    let question = '';
    const ask = async (text: string) => {
      question = text;
      return false;
    };
    const { status, text } = await runApprove(asked, { yes: false, ask });
    assert.equal(status, 1);
    assert.match(
      question,
      /^This approves [0-9a-f]{12} for Deployment \S+\.\nApprove\? \[y\/N\] $/,
    );
    assert.match(text, /Nothing was approved\.$/);
    assert.equal((await annotations())[approvedConfig], undefined);
    await runApprove(asked, { yes: false, ask, now: true });
    assert.match(question, /The next pass restarts it and passes all holds\./);
  });

  test('shows the same with the question if its output is JSON', async (t) => {
    const { asked } = await held(t);
    let question = '';
    const ask = async (text: string) => {
      question = text;
      return true;
    };
    const { text } = await runApprove(asked, { yes: false, ask, output: 'json' });
    assert.match(question, /ConfigMap\/settings +present/);
    assert.equal(JSON.parse(text).result, 'Approved');
  });
});

test('-o json is one object', async (t) => {
  const { asked, namespace, annotations } = await held(t);
  const { [pendingConfig]: pending, [rolloutHistory]: history } = await annotations();
  const { hash, since } = JSON.parse(pending ?? '');
  const answer = async () => JSON.parse((await runApprove(asked, { output: 'json' })).text);
  const { sources, ...rest } = await answer();
  assert.deepEqual(rest, {
    workload: { kind: 'Deployment', namespace, name: 'web' },
    ...{ result: 'Approved', hash, annotation: approvedConfig },
    held: { since, reason: 'AwaitingApproval' },
    hashWrittenAt: JSON.parse(history ?? '').times[0],
  });
  assert.deepEqual(Object.keys(sources[0]), [
    ...['source', 'state', 'writtenAt', 'writtenBy', 'isNewer', 'problem'],
  ]);
  assert.equal((await answer()).result, 'AlreadyApproved');
});

suite('approve --now passes', () => {
  const now = new Date();
  const inAYear = new Date(now.getTime() + 365 * 86_400_000).toISOString();
  const always = { kind: 'deny', schedule: '0 0 * * *', duration: '24h' } as const;
  for (const [reason, settings, annotation] of [
    ['Paused', { paused: true }, {}],
    ['Paused', {}, { [`${prefix}/rollout-pause`]: inAYear }],
    ['OutsideWindow', { windows: [always] }, {}],
    ['AwaitingApproval', { approval: 'required' }, {}],
    ['Settling', { settle: '1h' }, {}],
    ['CoolingDown', { cooldown: '1h' }, {}],
    ['LimitExceeded', { limit: { count: 1, period: '1h' } }, {}],
    ['InvalidAnnotation', {}, { [`${prefix}/rollout-settle`]: 'soon' }],
  ] as const) {
    test(`${reason} by ${Object.keys({ ...settings, ...annotation })[0]}, once`, async (t) => {
      const { asked, here, change, pass, rolled } = await shop(t);
      const options = withRollouts({ ...settings, windows: [...(settings.windows ?? [])] });
      await api.patch(here, { metadata: { annotations: annotation } });
      await change();
      assert.equal((await pass(options)).reason, reason);
      const { status, text } = await runApprove(asked, { now: true });
      assert.equal(status, 0, text);
      assert.match(text, /^Approved .*: the next pass restarts it\.$/m);
      const { reason: then, sentence } = await pass(options);
      assert.equal(then, 'ConfigChanged');
      assert.match(sentence, /rollout-now lets it pass all holds/);
      await change();
      assert.equal((await pass(options)).reason, reason);
      assert.equal(await rolled(), 1);
    });
  }

  test('maxConcurrent', async (t) => {
    const { namespace } = await shop(t, { replicas: 1 });
    const later = { namespace, name: 'later', annotations: optedIn, pod, replicas: 1 };
    await api.create(deployment(later));
    // No Pod of web ever becomes ready, so its rollout keeps its place.
    const pass = async () =>
      outcomeOf(await runPass(namespace, withRollouts({ maxConcurrent: 1 })), 'later').reason;
    assert.equal(await pass(), 'Queued');
    const asked = { workload: 'deploy/later', namespace };
    const { status, text } = await runApprove(asked, { now: true });
    assert.equal(status, 0, text);
    assert.match(text, /^Last hash +not known when$/m);
    assert.equal(await pass(), 'FirstSeen');
  });
});

suite('it ends with an error of one line if', () => {
  test('nothing is held', async (t) => {
    const { asked, namespace } = await shop(t);
    const { status, text } = await runApprove(asked);
    assert.equal(status, 1);
    assert.equal(
      text,
      `Deployment ${namespace}/web has no annotation ${pendingConfig}: no change is held, or no pass has seen the change yet; wave-cron explain Deployment/web -n ${namespace} says what the next pass does`,
    );
  });

  test('the record of the hold is invalid', async (t) => {
    const { asked, here, annotations } = await held(t);
    await api.patch(here, { metadata: { annotations: { [pendingConfig]: 'yes\nplease' } } });
    const { status, text } = await runApprove(asked);
    assert.equal(status, 1);
    assert.match(
      text,
      /^annotation \S+\/pending-config of Deployment \S+ is "yes\\u\{a\}please", which wave-cron did not write: the next pass replaces it/,
    );
    assert.equal((await annotations())[approvedConfig], undefined);
  });

  test('the workload did not opt in', async (t) => {
    const { asked, here } = await held(t);
    await api.patch(here, { metadata: { annotations: { ...off(optedIn) } } });
    const { status, text } = await runApprove(asked);
    assert.equal(status, 1);
    assert.match(text, /did not opt in, so it never restarts: it has no annotation \S+: "true"$/);
  });

  test('the workload does not exist, with a similar name that does', async (t) => {
    const { asked, namespace } = await held(t);
    const { status, text } = await runApprove({ ...asked, workload: 'sts/web' });
    assert.equal(status, 1);
    assert.equal(
      text,
      `StatefulSet ${namespace}/web does not exist; there is Deployment ${namespace}/web`,
    );
  });

  test('the caller may not read or write the workload: with the missing permission, and status 3', async (t) => {
    const { asked, namespace, annotations } = await held(t);
    const nothing = await serviceAccount(t, { namespace });
    const read = await runApprove({ ...asked, kubeconfig: nothing.kubeconfig });
    assert.equal(read.status, 3);
    assert.match(read.text, /^Deployment \S+ cannot be read: .*cannot get resource "deployments"/);
    const rules = [{ ...onWeb, verbs: ['get'] }];
    const { kubeconfig } = await serviceAccount(t, { namespace, rules });
    const written = await runApprove({ ...asked, kubeconfig });
    assert.equal(written.status, 3);
    assert.match(
      written.text.split('\n').at(-1) ?? '',
      /could not be approved: .*; this needs the permission patch on deployments\.apps in namespace \S+$/,
    );
    assert.equal((await annotations())[approvedConfig], undefined);
  });

  test('there is no terminal to ask on and no --yes: with status 2', async (t) => {
    const { namespace, annotations } = await held(t);
    const within = ['-n', namespace, '--kubeconfig', cluster.kubeconfig];
    const run = await runProgram(['approve', 'deploy/web', ...within]);
    assert.deepEqual([run.status, run.stdout], [2, '']);
    assert.match(run.stderr, /^wave-cron: approve changes the workload, .*: add --yes/);
    assert.equal((await annotations())[approvedConfig], undefined);
    const confirmed = await runProgram(['approve', 'deploy/web', '--now', '--yes', ...within]);
    assert.equal(confirmed.status, 0, confirmed.stderr);
    assert.match(confirmed.stdout, /^Approved [0-9a-f]{12} /m);
    assert.ok((await annotations())[rolloutNow]);
  });
});

const off = (annotations: Record<string, string>) =>
  Object.fromEntries(Object.keys(annotations).map((name) => [name, null]));
