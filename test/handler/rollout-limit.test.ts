/** The effect of `rollouts.limit` on a real control plane, as documented in docs/how-it-works.md. */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { createApiClient } from '../../lib/kubernetes/client/api-client.ts';
import { connect } from '../../lib/kubernetes/credentials/connection.ts';
import { kubernetesLock } from '../../lib/lease/kubernetes-lock.ts';
import { isComplete, type Report } from '../../lib/rules/report.ts';
import { defaultSettings } from '../../lib/settings/schema.ts';
import { timeText } from '../../lib/text/rfc3339.ts';
import { type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import { auditFromHere } from '../../tools/control-plane/audit.ts';
import {
  configMap,
  daemonSet,
  deployment,
  statefulSet,
  using,
} from '../../tools/control-plane/objects.ts';
import {
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../tools/control-plane/testing.ts';
import {
  eventsAbout,
  getting,
  hashAnnotation,
  optedIn,
  outcomeOf,
  permissionsOnEvents,
  permissionsOnWorkloads,
  prefix,
  type RunOptions,
  requestsIn,
  runPass,
  sourcesAnnotation,
  templateAnnotations,
  type WorkloadKind,
  workloadKinds,
  writeVerbs,
} from './run-pass.ts';

const { api, cluster } = testCluster();
const history = `${prefix}/rollout-history`;
const pendingConfig = `${prefix}/pending-config`;
const timesIn = (text: string | undefined): readonly string[] => JSON.parse(text ?? '').times;
const hourMs = 3_600_000;
const listed = { verb: ['list'], resource: ['replicasets', 'controllerrevisions'] };

const make = { Deployment: deployment, StatefulSet: statefulSet, DaemonSet: daemonSet };
const pod = using({ configMap: 'flap' });

const at = (time: number): RunOptions => ({ wallTime: () => new Date(time) });
const settings = (count: number, period = '1h') => ({
  rollouts: { ...defaultSettings.rollouts, limit: { count, period } },
});

/** A workload. Each call of `pass` first changes its source. */
async function flapping(t: TestContext, kind: WorkloadKind = 'Deployment') {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'flap', data: { a: '0' } }));
  const object = make[kind]({ namespace, name: 'web', annotations: optedIn, pod });
  await api.create(object);
  const here = path(kind, namespace, 'web');
  let changes = 0;
  const change = async () => {
    changes += 1;
    await api.patch(path('ConfigMap', namespace, 'flap'), { data: { a: `${changes}` } });
  };
  const outcome = async (options: RunOptions = {}): Promise<Report['outcomes'][number]> => {
    const report = await runPass(namespace, options);
    assert.ok(isComplete(report), JSON.stringify(report));
    return outcomeOf(report, 'web');
  };
  return {
    ...{ namespace, here, object, change, outcome },
    pass: async (options?: RunOptions) => {
      await change();
      return (await outcome(options)).reason;
    },
    get: () => api.get(here),
    template: async () => JSON.stringify((await api.get(here)).spec?.['template']),
    history: async () => (await api.get(here)).metadata.annotations?.[history],
    annotate: (annotations: Record<string, string | null>) =>
      api.patch(here, { metadata: { annotations } }, 'merge'),
    rollouts: () => rollouts(kind, namespace, 'web'),
    hash: async () => (await templateAnnotations(namespace, 'web', kind))[hashAnnotation],
  };
}

suite('rollouts.limit', { concurrency: 4 }, () => {
  for (const kind of workloadKinds) {
    test(`holds a ${kind} whose source changes at each pass after ten rollouts, and rolls it once when the hour is over`, async (t) => {
      const web = await flapping(t, kind);
      const start = Date.now();
      for (let i = 0; i < 10; i += 1) {
        const reason = await web.pass(at(start + i * 60_000));
        assert.equal(reason, i === 0 ? 'FirstSeen' : 'ConfigChanged');
        assert.equal(await web.rollouts(), i + 2);
      }
      const template = await web.template();
      const written = await web.history();
      for (let i = 10; i < 14; i += 1) {
        assert.equal(await web.pass(at(start + i * 60_000)), 'LimitExceeded');
      }
      // Only the record of the held configuration is written.
      assert.equal(await web.template(), template);
      assert.equal(await web.history(), written);
      const pending = JSON.parse((await web.get()).metadata.annotations?.[pendingConfig] ?? '{}');
      assert.equal(pending.since, timeText(start + 10 * 60_000));
      assert.equal(pending.reason, 'LimitExceeded');
      const told = (await eventsAbout(web.namespace, 'web')).filter(
        ({ reason }) => reason === 'LimitExceeded',
      );
      assert.equal(told.length, 1);
      assert.equal(told[0]?.type, 'Warning');
      assert.equal(told[0]?.series?.count, 4);
      assert.match(told[0]?.note ?? '', /10 rollouts of it started within 1h/);

      // Only the first of the ten rollouts is older than an hour now, so one more may start.
      const later = start + hourMs + 1000;
      assert.equal((await web.outcome(at(later))).reason, 'ConfigChanged');
      assert.equal(await web.rollouts(), 12);
      assert.equal((await web.get()).metadata.annotations?.[pendingConfig], undefined);
      assert.equal((await web.outcome(at(later))).reason, 'UpToDate');
      assert.equal(await web.pass(at(later + 1000)), 'LimitExceeded');
      assert.equal(await web.rollouts(), 12);
    });
  }

  test('also holds in a plan, which writes nothing', async (t) => {
    const web = await flapping(t);
    for (const expected of ['FirstSeen', 'ConfigChanged']) {
      assert.equal(await web.pass({ settings: settings(2) }), expected);
    }
    const audit = await auditFromHere(cluster);
    assert.equal(await web.pass({ settings: settings(2), write: false }), 'LimitExceeded');
    assert.equal(await web.pass({ settings: settings(3), write: false }), 'ConfigChanged');
    const written = await audit.entries({ ...requestsIn(web.namespace), verb: writeVerbs });
    assert.deepEqual(written, []);
  });

  test('records each rollout in the request that writes the hash, and lists no revisions', async (t) => {
    const web = await flapping(t);
    await api.patch(web.here, { spec: { minReadySeconds: 1 } });
    const audit = await auditFromHere(cluster);
    for (const expected of ['FirstSeen', 'ConfigChanged', 'ConfigChanged']) {
      assert.equal(await web.pass(), expected);
    }
    const entries = await audit.entries({ ...requestsIn(web.namespace), verb: writeVerbs });
    // A status write of the controller in between causes a conflict, which is not counted here.
    const patches = entries.filter(
      ({ objectRef, responseStatus }) =>
        objectRef?.resource === 'deployments' && responseStatus?.code !== 409,
    );
    assert.equal(patches.length, 3);
    assert.deepEqual(await audit.entries({ ...requestsIn(web.namespace), ...listed }), []);
    assert.equal(timesIn(await web.history()).length, 3);
  });

  test('with a count of 0 is off, and only the last rollout is recorded', async (t) => {
    const web = await flapping(t);
    for (let i = 0; i < 13; i += 1) {
      assert.notEqual(await web.pass({ settings: settings(0) }), 'LimitExceeded');
    }
    assert.equal(timesIn(await web.history()).length, 1);
  });

  test('counts by the revisions if another tool removes the record or restores an old one', async (t) => {
    for (const kind of workloadKinds) {
      const web = await flapping(t, kind);
      const old = JSON.stringify([new Date(Date.now() - 60_000).toISOString()]);
      for (let i = 0; i < 4; i += 1) {
        assert.notEqual(await web.pass({ settings: settings(4) }), 'LimitExceeded');
        await web.rollouts();
        await web.annotate({ [history]: i % 2 === 0 ? null : old });
      }
      for (const value of [null, '[]', 'text', '["2026-01-01T00:00:00Z"]']) {
        await web.annotate({ [history]: value });
        assert.equal(
          await web.pass({ settings: settings(4) }),
          'LimitExceeded',
          `${kind} ${value}`,
        );
      }
      // The next record has all rollouts that are known.
      assert.equal(await web.pass({ settings: settings(5) }), 'ConfigChanged');
      assert.equal(timesIn(await web.history()).length, 5);
    }
  });

  test('counts by the revisions if another tool replaces the workload at each sync', async (t) => {
    const web = await flapping(t);
    const reasons: string[] = [];
    for (let i = 0; i < 7; i += 1) {
      reasons.push(await web.pass({ settings: settings(4) }));
      await web.rollouts();
      await api.replace(web.here, web.object as KubernetesObject);
      await web.rollouts();
    }
    assert.deepEqual(reasons, [
      ...Array<string>(4).fill('FirstSeen'),
      ...Array<string>(3).fill('LimitExceeded'),
    ]);
  });

  test('works without revisions if they may not be listed, and tries to list them once in a pass', async (t) => {
    const web = await flapping(t);
    const permissions = [...permissionsOnWorkloads, getting('configmaps'), permissionsOnEvents];
    const { kubeconfig } = await serviceAccount(t, {
      namespace: web.namespace,
      rules: permissions,
    });
    await api.create(
      deployment({ namespace: web.namespace, name: 'too', annotations: optedIn, pod }),
    );
    const options = { kubeconfig, settings: settings(2) };
    for (let i = 0; i < 4; i += 1) {
      assert.notEqual(await web.pass(options), 'LimitExceeded');
      await web.annotate({ [history]: null });
      await api.patch(
        path('Deployment', web.namespace, 'too'),
        { metadata: { annotations: { [history]: null } } },
        'merge',
      );
    }
    const audit = await auditFromHere(cluster);
    const reason = await web.pass({
      ...options,
      settings: { ...settings(2), concurrency: { reads: 1, writes: 1 } },
    });
    assert.equal(reason, 'ConfigChanged');
    const asked = await audit.entries({ ...requestsIn(web.namespace), ...listed });
    assert.equal(asked.length, 1);
  });

  test('cannot be evaded with times in the future, text of 240 kB or anything else in the record, which the next write replaces', async (t) => {
    const web = await flapping(t);
    assert.equal(await web.pass(), 'FirstSeen');
    const future = Array.from({ length: 20 }, (_, i) => `${2040 + i}-01-01T00:00:00Z`);
    for (const value of [
      JSON.stringify(future),
      'x'.repeat(240_000),
      `["${'9'.repeat(100_000)}"]`,
    ]) {
      await web.annotate({ [history]: value });
      assert.equal(await web.pass(), 'ConfigChanged');
      const written = (await web.history()) ?? '';
      assert.match(written, /^\{"times":\["20(2|3)\d-/);
      assert.ok(written.length < 300, written.slice(0, 300));
    }
  });

  test('lets a client that writes the record hold its own workload, but no other', async (t) => {
    const web = await flapping(t);
    await api.create(
      deployment({ namespace: web.namespace, name: 'other', annotations: optedIn, pod }),
    );
    assert.equal(await web.pass(), 'FirstSeen');
    const now = new Date().toISOString();
    await web.annotate({ [history]: JSON.stringify(Array<string>(80).fill(now)) });
    await web.change();
    const report = await runPass(web.namespace);
    assert.ok(isComplete(report));
    assert.equal(outcomeOf(report, 'web').reason, 'LimitExceeded');
    assert.equal(outcomeOf(report, 'other').reason, 'ConfigChanged');
  });

  test('uses the clock of the API server if there is a Lease, not the local clock', async (t) => {
    const web = await flapping(t);
    const connection = await connect({ kubeconfig: cluster.kubeconfig, context: undefined }, {});
    t.after(() => connection.close());
    const name = { namespace: web.namespace, name: 'wave-cron' };
    const lock = kubernetesLock(createApiClient(connection), name);
    const process = { podName: undefined, podUid: undefined, hostName: 'a-test' };
    const lease = { lock, name: process, random: Math.random };
    const clocks = [0, -10 * hourMs, 10 * hourMs, -1000 * hourMs];
    const reasons: string[] = [];
    for (const shift of clocks) {
      const wallTime = () => new Date(Date.now() + shift);
      reasons.push(await web.pass({ lease, wallTime, settings: settings(3) }));
    }
    assert.deepEqual(reasons, ['FirstSeen', 'ConfigChanged', 'ConfigChanged', 'LimitExceeded']);
    for (const time of timesIn(await web.history())) {
      assert.ok(Math.abs(Date.parse(time) - Date.now()) < hourMs, time);
    }
  });

  test('leaves no record behind: an opt-out removes it', async (t) => {
    const web = await flapping(t);
    assert.equal(await web.pass(), 'FirstSeen');
    const hash = await web.hash();
    assert.ok(await web.history());
    await web.annotate({ [`${prefix}/update-on-config-change`]: null });
    assert.equal((await web.outcome()).reason, 'OptedOut');
    const { metadata } = await web.get();
    assert.equal(metadata.annotations?.[history], undefined);
    assert.equal(await web.hash(), hash);
    const report = await runPass(web.namespace);
    assert.deepEqual(report.outcomes, []);
  });

  test('and Reverted work together: a hash that is removed twice is Reverted, long before the limit', async (t) => {
    const web = await flapping(t);
    const off = { [hashAnnotation]: null, [sourcesAnnotation]: null };
    const reasons: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      reasons.push((await web.outcome()).reason);
      await api.patch(
        web.here,
        { spec: { template: { metadata: { annotations: off } } } },
        'merge',
      );
    }
    assert.deepEqual(reasons, ['FirstSeen', 'FirstSeen', 'Reverted', 'Reverted']);
    assert.equal(timesIn(await web.history()).length, 2);
    // Both were rollouts by wave-cron, so they count.
    assert.equal(await web.pass({ settings: settings(2) }), 'LimitExceeded');
    assert.equal(await web.pass({ settings: settings(3) }), 'FirstSeen');
  });
});
