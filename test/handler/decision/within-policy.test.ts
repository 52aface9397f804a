/**
 * The effect of each hold of the rollout policy, on a real control plane. The holds are documented in
 * docs/rollouts.md.
 */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../../../lib/rules/report.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';
import { timeText } from '../../../lib/text/rfc3339.ts';
import { path } from '../../../tools/control-plane/api.ts';
import { auditFromHere } from '../../../tools/control-plane/audit.ts';
import { configMap, deployment, secret, using } from '../../../tools/control-plane/objects.ts';
import {
  rollouts,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import {
  eventsAbout,
  getting,
  optedIn,
  outcomeOf,
  permissionsOnEvents,
  permissionsOnWorkloads,
  prefix,
  type RunOptions,
  requestsIn,
  runPass,
  writeVerbs,
} from '../run-pass.ts';

const { api, cluster } = testCluster();
const second = 1000;
const minute = 60 * second;

type RolloutSettings = Settings['rollouts'];
const rolloutsWith = (more: Partial<RolloutSettings>): Partial<Settings> => ({
  rollouts: { ...defaultSettings.rollouts, ...more },
});

/** Creates the Deployment `web` with the ConfigMap `app`. Its hash is written at the time `start`. */
async function startWeb(t: TestContext, start: number) {
  const namespace = await testNamespace(t);
  const file = path('Deployment', namespace, 'web');
  await api.create(configMap({ namespace, name: 'app', data: { a: '0' } }));
  const pod = using({ configMap: 'app' });
  await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
  const pass = async (time: number, options: RunOptions = {}): Promise<Outcome> =>
    outcomeOf(await runPass(namespace, { wallTime: () => new Date(time), ...options }), 'web');
  assert.equal((await pass(start)).reason, 'FirstSeen');
  return {
    ...{ namespace, file, pass },
    change: (value: string) =>
      api.patch(path('ConfigMap', namespace, 'app'), { data: { a: value } }),
    annotate: (annotations: Readonly<Record<string, string | null>>) =>
      api.patch(file, { metadata: { annotations } }, 'merge'),
    annotateNamespace: (annotations: Readonly<Record<string, string | null>>) =>
      api.patch(path('Namespace', undefined, namespace), { metadata: { annotations } }, 'merge'),
    annotation: async (name: string) =>
      (await api.get(file)).metadata.annotations?.[`${prefix}/${name}`],
    template: async () => JSON.stringify((await api.get(file)).spec?.['template']),
    events: async (reason: string) =>
      (await eventsAbout(namespace, 'web')).filter((each) => each.reason === reason),
    rollouts: () => rollouts('Deployment', namespace, 'web'),
    // An account that may not get any namespace.
    account: async () => {
      const rules = [...permissionsOnWorkloads, getting('configmaps'), permissionsOnEvents].filter(
        ({ resources }) => !resources.includes('namespaces'),
      );
      return (await serviceAccount(t, { namespace, rules })).kubeconfig;
    },
  };
}
type Web = Awaited<ReturnType<typeof startWeb>>;

interface Case {
  readonly what: string;
  readonly reason: Outcome['reason'];
  /** Starts the hold. Returns the settings with which passes run during it. */
  readonly hold: (web: Web, start: number) => Promise<Partial<RolloutSettings> | undefined>;
  /** Ends the hold. Returns the settings with which passes run then, and the milliseconds from `start` to the end. */
  readonly end: (
    web: Web,
    start: number,
  ) => Promise<{ readonly settings?: Partial<RolloutSettings>; readonly after?: number }>;
  readonly says: RegExp;
  /** The milliseconds from `start` to the end of the hold; only for a hold that ends by itself. */
  readonly until?: number;
  readonly start?: string;
  readonly options?: (web: Web) => Promise<RunOptions>;
}

const annotation = (name: string, value: string | null) => ({ [`${prefix}/${name}`]: value });
const nothing = async () => ({});
const window = (kind: string, schedule: string, more = '') =>
  `[{kind: ${kind}, schedule: "${schedule}", duration: 1h${more}}]`;

const cases: readonly Case[] = [
  {
    what: 'a workload that is paused by its annotation',
    reason: 'Paused',
    hold: async (web) => void (await web.annotate(annotation('rollout-pause', 'true'))),
    end: async (web) => {
      await web.annotate(annotation('rollout-pause', null));
      return {};
    },
    says: /rollouts are paused by annotation wave\.pusher\.com\/rollout-pause: nothing is written until that is lifted/,
  },
  {
    what: 'a workload that is paused until a time',
    reason: 'Paused',
    hold: async (web, start) =>
      void (await web.annotate(annotation('rollout-pause', timeText(start + 30 * minute)))),
    end: async () => ({ after: 30 * minute }),
    says: /until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/,
    until: 30 * minute,
  },
  {
    what: 'a workload whose namespace is paused',
    reason: 'Paused',
    hold: async (web) => void (await web.annotateNamespace(annotation('rollout-pause', 'true'))),
    end: async (web) => {
      await web.annotateNamespace(annotation('rollout-pause', 'false'));
      return {};
    },
    says: /paused by annotation wave\.pusher\.com\/rollout-pause of namespace/,
  },
  {
    what: 'all workloads by the setting',
    reason: 'Paused',
    hold: async () => ({ paused: true }),
    end: nothing,
    says: /paused by setting rollouts\.paused/,
  },
  {
    what: 'a workload until its allow window opens',
    reason: 'OutsideWindow',
    start: '2026-12-01T10:00:00Z',
    hold: async (web) =>
      void (await web.annotate(annotation('rollout-windows', window('allow', '0 12 * * *')))),
    end: async () => ({ after: 120 * minute }),
    says: /none of the allow windows of annotation .* is open: nothing is written until 2026-12-01T12:00:00Z/,
    until: 120 * minute,
  },
  {
    what: 'a workload until a deny window of its namespace closes, by the time zone of the window',
    reason: 'OutsideWindow',
    start: '2026-12-01T10:00:00Z',
    hold: async (web) =>
      void (await web.annotateNamespace(
        annotation('rollout-windows', window('deny', '30 10 * * 1-5', ', timeZone: Europe/Berlin')),
      )),
    end: async () => ({ after: 30 * minute }),
    says: /a deny window of annotation .* of namespace .* is open \(1h from 30 10 \* \* 1-5, Europe\/Berlin\)/,
    until: 30 * minute,
  },
  {
    what: 'all workloads outside of the windows of the setting',
    reason: 'OutsideWindow',
    start: '2026-12-01T10:00:00Z',
    hold: async () => ({ windows: [{ kind: 'allow', schedule: '0 2 * * 6', duration: '4h' }] }),
    end: nothing,
    says: /until 2026-12-05T02:00:00Z/,
    until: (4 * 24 - 8) * 60 * minute,
  },
  {
    what: 'a workload that asks for an approval',
    reason: 'AwaitingApproval',
    hold: async (web) => void (await web.annotate(annotation('rollout-approval', 'required'))),
    end: async (web) => {
      const pending = JSON.parse((await web.annotation('pending-config')) ?? '{}');
      await web.annotate(annotation('approved-config', pending.hash));
      return {};
    },
    says: /wave-cron approve Deployment\/web -n \S+ approves [0-9a-f]{12}/,
  },
  {
    what: 'a workload whose last rollout is younger than the cooldown',
    reason: 'CoolingDown',
    hold: async () => ({ cooldown: '10m' }),
    end: async () => ({ settings: { cooldown: '10m' }, after: 10 * minute }),
    says: /its last rollout started less than 10m ago \(setting rollouts\.cooldown\)/,
    until: 10 * minute,
  },
  {
    what: 'a workload with an annotation that is invalid',
    reason: 'InvalidAnnotation',
    hold: async (web) => void (await web.annotate(annotation('rollout-settle', 'soon'))),
    end: async (web) => {
      await web.annotate(annotation('rollout-settle', null));
      return {};
    },
    says: /its rollout policy is invalid \(annotation wave\.pusher\.com\/rollout-settle is "soon": /,
  },
  {
    what: 'a workload whose namespace has an annotation that is invalid',
    reason: 'InvalidAnnotation',
    hold: async (web) =>
      void (await web.annotateNamespace(annotation('rollout-windows', '[{kind: sometimes}]'))),
    end: async (web) => {
      await web.annotateNamespace(annotation('rollout-windows', null));
      return {};
    },
    says: /annotation wave\.pusher\.com\/rollout-windows of namespace \S+ /,
  },
  {
    what: 'a workload whose namespace may not be read',
    reason: 'PolicyUnreadable',
    hold: async () => undefined,
    options: async (web) => ({ kubeconfig: await web.account() }),
    end: nothing,
    says: /the annotations of namespace \S+ could not be read, .* grant get on namespaces/,
  },
];

suite('the rollout policy holds', { concurrency: 4 }, () => {
  for (const { what, reason, hold, end, says, until, start: from, options } of cases) {
    test(`${what}: ${reason} until the hold ends, and then one rollout`, async (t) => {
      const start =
        from === undefined ? Math.floor(Date.now() / second) * second : Date.parse(from);
      const web = await startWeb(t, start);
      const before = { rollouts: await web.rollouts(), template: await web.template() };
      const settings = rolloutsWith((await hold(web, start)) ?? {});
      const more = (await options?.(web)) ?? {};
      await web.change('1');

      const at = start + minute;
      const planned = await web.pass(at, { settings, ...more, write: false });
      const held = await web.pass(at, { settings, ...more });
      assert.equal(held.reason, reason, held.sentence);
      assert.match(held.sentence, says);
      assert.match(held.sentence, /^its configuration changed \(ConfigMap\/app\), but /);
      assert.deepEqual(held.held, {
        since: timeText(at),
        ...(until === undefined ? {} : { until: timeText(start + until) }),
      });
      assert.deepEqual(planned, held);
      assert.equal(await web.template(), before.template);

      // A later change does not move the time at which the hold began.
      await web.change('2');
      const later = await web.pass(at + 30 * second, { settings, ...more });
      assert.deepEqual(later.held, held.held);

      // Later passes of the same hold write nothing, except the Event of a warning.
      const audit = await auditFromHere(cluster);
      assert.deepEqual(await web.pass(at + 60 * second, { settings, ...more }), later);
      const events = await web.events(reason);
      const sentences = new Set([held.sentence, later.sentence]);
      assert.deepEqual(new Set(events.map(({ note }) => note)), sentences);
      assert.equal(events.length, sentences.size);
      const isWarning = ['InvalidAnnotation', 'PolicyUnreadable'].includes(reason);
      assert.equal(events[0]?.type, isWarning ? 'Warning' : 'Normal');
      const written = await audit.entries({ ...requestsIn(web.namespace), verb: writeVerbs });
      const resources = new Set(written.map(({ objectRef }) => objectRef?.resource));
      assert.deepEqual(resources, new Set(isWarning ? ['events'] : []));

      const { settings: last = {}, after = 3 * minute } = await end(web, start);
      const ended = await web.pass(start + after, { settings: rolloutsWith(last) });
      assert.equal(ended.reason, 'ConfigChanged', ended.sentence);
      assert.equal(await web.annotation('pending-config'), undefined);
      assert.equal(await web.rollouts(), before.rollouts + 1);
      assert.equal((await web.pass(start + after + second)).reason, 'UpToDate');
      assert.equal(await web.rollouts(), before.rollouts + 1);
    });
  }

  test('a workload whose sources were just written: Settling until they settle, and two changes are one rollout', async (t) => {
    const start = Date.now();
    const web = await startWeb(t, start);
    const before = await web.rollouts();
    await web.annotate(annotation('rollout-settle', '1h'));
    await web.change('1');
    const held = await web.pass(Date.now());
    assert.equal(held.reason, 'Settling');
    assert.match(held.sentence, /ConfigMap\/app was written less than 1h ago, and more may follow/);
    await web.change('2');
    assert.equal((await web.pass(Date.now())).reason, 'Settling');
    const rested = Date.parse(held.held?.until ?? '') + 10 * second;
    assert.equal((await web.pass(rested)).reason, 'ConfigChanged');
    assert.equal(await web.rollouts(), before + 1);
  });

  test('a pair of Secrets that are rotated 10 s apart, with settle: 30s, and rolls it once with both', async (t) => {
    const namespace = await testNamespace(t);
    const names = ['certificate', 'key'];
    for (const name of names) await api.create(secret({ namespace, name, data: { a: '0' } }));
    const pod = using(...names.map((name) => ({ secret: name })));
    await api.create(deployment({ namespace, name: 'web', annotations: optedIn, pod }));
    const settings = rolloutsWith({ settle: '30s' });
    const pass = async (time: number) =>
      outcomeOf(await runPass(namespace, { settings, wallTime: () => new Date(time) }), 'web');
    const rotate = (name: string) =>
      api.patch(path('Secret', namespace, name), { data: { a: btoa(`${Date.now()}`) } });
    await pass(Date.now() + minute);
    const before = await rollouts('Deployment', namespace, 'web');

    // Without a hash key, two writes of a Secret within one second count as one write.
    await sleep(1.1 * second);
    await rotate('certificate');
    const first = Date.now();
    assert.equal((await pass(first)).reason, 'Settling');
    await sleep(10 * second);
    await rotate('key');
    const last = Date.now();
    const held = await pass(first + 31 * second);
    assert.equal(held.reason, 'Settling', 'the second Secret is not 30 s old yet');
    assert.deepEqual(held.changed, ['Secret/certificate', 'Secret/key']);
    assert.equal((await pass(last + 31 * second)).reason, 'ConfigChanged');
    assert.equal((await pass(last + 32 * second)).reason, 'UpToDate');
    assert.equal(await rollouts('Deployment', namespace, 'web'), before + 1);
  });

  test('nothing if a change was undone: the record is removed, and nothing rolls', async (t) => {
    const start = Date.now();
    const web = await startWeb(t, start);
    await web.annotate(annotation('rollout-pause', 'true'));
    await web.change('1');
    assert.equal((await web.pass(start)).reason, 'Paused');
    assert.ok(await web.annotation('pending-config'));
    await web.change('0');
    assert.equal((await web.pass(start)).reason, 'UpToDate');
    assert.equal(await web.annotation('pending-config'), undefined);
  });

  test('a workload that is seen for the first time, too', async (t) => {
    const namespace = await testNamespace(t);
    await api.create(configMap({ namespace, name: 'app', data: { a: '0' } }));
    const annotations = { ...optedIn, ...annotation('rollout-pause', 'true') };
    const pod = using({ configMap: 'app' });
    await api.create(deployment({ namespace, name: 'web', annotations, pod }));
    const held = outcomeOf(await runPass(namespace), 'web');
    assert.equal(held.reason, 'Paused');
    assert.match(held.sentence, /^its hash is to be written, but rollouts are paused/);
    assert.equal(await rollouts('Deployment', namespace, 'web'), 1);
  });
});

suite('the rollout policy', { concurrency: 4 }, () => {
  test('ignores an approval of another configuration, and says so', async (t) => {
    const start = Date.now();
    const web = await startWeb(t, start);
    await web.annotate(annotation('rollout-approval', 'required'));
    await web.change('1');
    await web.pass(start);
    const first = JSON.parse((await web.annotation('pending-config')) ?? '{}').hash;
    await web.change('2');
    await web.annotate(annotation('approved-config', first));
    const held = await web.pass(start);
    assert.equal(held.reason, 'AwaitingApproval');
    assert.match(held.sentence, /what is approved is another configuration/);
    await web.change('1');
    assert.equal((await web.pass(start)).reason, 'ConfigChanged');
  });

  test('lets one configuration pass all holds if its hash is in rollout-now', async (t) => {
    const start = Date.now();
    const web = await startWeb(t, start);
    await web.annotate({
      ...annotation('rollout-pause', 'true'),
      ...annotation('rollout-approval', 'required'),
      ...annotation('rollout-windows', window('deny', '* * * * *')),
      ...annotation('rollout-settle', '1h'),
      ...annotation('rollout-cooldown', '1h'),
    });
    const settings = rolloutsWith({ maxConcurrent: 1, limit: { count: 1, period: '1h' } });
    await web.change('1');
    assert.equal((await web.pass(start, { settings })).reason, 'Paused');
    const { hash } = JSON.parse((await web.annotation('pending-config')) ?? '{}');
    await web.annotate(annotation('rollout-now', hash));
    const passed = await web.pass(start, { settings });
    assert.equal(passed.reason, 'ConfigChanged');
    assert.match(passed.sentence, /rollout-now lets it pass all holds/);
    const [event] = await web.events('ConfigChanged');
    assert.equal(event?.note, passed.sentence);
    await web.change('2');
    assert.equal((await web.pass(start, { settings })).reason, 'Paused');
  });

  test('uses the annotations of the workload before those of its namespace, and those before the settings', async (t) => {
    const start = Date.now();
    const web = await startWeb(t, start);
    const settings = rolloutsWith({ approval: 'required' });
    await web.change('1');
    assert.equal((await web.pass(start, { settings })).reason, 'AwaitingApproval');
    await web.annotateNamespace(annotation('rollout-approval', 'none'));
    await web.annotate(annotation('rollout-approval', 'required'));
    assert.equal((await web.pass(start, { settings })).reason, 'AwaitingApproval');
    await web.annotate(annotation('rollout-approval', null));
    assert.equal((await web.pass(start, { settings })).reason, 'ConfigChanged');
  });
});
