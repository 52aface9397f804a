/**
 * Leases in a state that no wave-cron process writes: created by hand, by another program, or with invalid
 * values.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pass } from '../../handler/pass/pass.ts';
import { createApiClient } from '../../lib/kubernetes/client/api-client.ts';
import { createCluster } from '../../lib/kubernetes/cluster.ts';
import { connect } from '../../lib/kubernetes/credentials/connection.ts';
import { ForeignLeaseError } from '../../lib/lease/error.ts';
import { type LeaseEvent, leaseSentence } from '../../lib/lease/event.ts';
import { kubernetesLock, leaseAnnotation } from '../../lib/lease/kubernetes-lock.ts';
import { type Clock, systemClock } from '../../lib/schedule/clock.ts';
import { defaultSettings } from '../../lib/settings/schema.ts';
import { ApiError, type KubernetesObject, path } from '../../tools/control-plane/api.ts';
import { testCluster, testNamespace } from '../../tools/control-plane/testing.ts';

const { api, cluster } = testCluster();
const durationSeconds = 5;
const timeoutMs = defaultSettings.passTimeoutSeconds * 1000;
const annotation = { [leaseAnnotation.key]: leaseAnnotation.value };

/**
 * A clock on which waits for the Lease take no time until the process holds the Lease. After that, renewals
 * need the real time. The time-out of the pass always takes the real time.
 */
function hurriedClock(): Clock & { calm(): void } {
  let skipped = 0;
  let hurries = true;
  return {
    now: () => systemClock.now() + skipped,
    wallTime: () => systemClock.wallTime(),
    sleep: async (ms, signal) => {
      if (!hurries || ms >= timeoutMs) return await systemClock.sleep(ms, signal);
      signal?.throwIfAborted();
      skipped += ms;
    },
    calm: () => {
      hurries = false;
    },
  };
}

async function passWith(t: TestContext, namespace: string, name: string) {
  const connection = await connect({ kubeconfig: cluster.kubeconfig, context: undefined }, {});
  t.after(() => connection.close());
  const client = createApiClient(connection);
  const clock = hurriedClock();
  const events: LeaseEvent[] = [];
  const listener = (event: LeaseEvent) => {
    events.push(event);
    if (event.kind === 'acquired' || event.kind === 'tookOver') clock.calm();
  };
  const lease = { ...defaultSettings.lease, durationSeconds };
  const report = await pass(
    { settings: { ...defaultSettings, namespaces: [namespace], lease }, write: true },
    {
      cluster: createCluster(client),
      traffic: client.traffic,
      clock,
      identity: 'wave-cron-of-a-test',
      lease: {
        lock: kubernetesLock(client, { namespace, name }),
        name: { podName: 'test', podUid: undefined, hostName: 'host' },
        random: Math.random,
      },
      observer: { lease: listener },
    },
  );
  return { report, events };
}

/** One day after the zero time of Go. The API server would read the zero time itself as no time. */
const ancient = '0001-01-02T00:00:00.000000Z';
const distant = '9999-12-31T23:59:59.999999Z';
const huge = 2 ** 31 - 1;

/**
 * The Leases, by description. If a Lease names a holder, `watchedSeconds` is how long a process must watch
 * it before it takes the Lease over.
 */
const leases: Record<string, { spec?: object | null; watchedSeconds?: number }> = {
  'no spec': {},
  'null for a spec': { spec: null },
  'an empty spec': { spec: {} },
  'null in each field': {
    spec: {
      holderIdentity: null,
      leaseDurationSeconds: null,
      acquireTime: null,
      renewTime: null,
      leaseTransitions: null,
    },
  },
  'times and no holder': { spec: { holderIdentity: '', acquireTime: ancient, renewTime: distant } },
  'the most transitions and no holder': { spec: { leaseTransitions: huge } },
  'a holder and nothing else': { spec: { holderIdentity: 'x' }, watchedSeconds: 5 },
  'a blank for a holder': { spec: { holderIdentity: ' ' }, watchedSeconds: 5 },
  'a holder that was renewed in the far future': {
    spec: { holderIdentity: 'x', leaseDurationSeconds: 1, renewTime: distant },
    watchedSeconds: 5,
  },
  'a holder that was renewed before it came': {
    spec: { holderIdentity: 'x', acquireTime: distant, renewTime: ancient },
    watchedSeconds: 5,
  },
  'a longer duration than ours': {
    spec: { holderIdentity: 'x', leaseDurationSeconds: 60 },
    watchedSeconds: 60,
  },
  'an hour, which no pass could outwait': {
    spec: { holderIdentity: 'x', leaseDurationSeconds: 3600 },
    watchedSeconds: 150,
  },
  'a duration of 68 years': {
    spec: { holderIdentity: 'x', leaseDurationSeconds: huge, leaseTransitions: huge },
    watchedSeconds: 5,
  },
  'a holder of half a megabyte': {
    spec: { holderIdentity: `\u{1b}[2J\n${'x'.repeat(500_000)}`, leaseDurationSeconds: 10 },
    watchedSeconds: 10,
  },
  "another election's fields": {
    spec: { holderIdentity: 'x', strategy: 'OldestEmulationVersion', preferredHolder: 'y' },
    watchedSeconds: 5,
  },
};

test('a Lease of wave-cron with any spec is taken, after one lease duration if it names a holder', async (t) => {
  const namespace = await testNamespace(t);
  let number = 0;
  for (const [what, { spec, watchedSeconds }] of Object.entries(leases)) {
    await t.test(what, async (t) => {
      const name = `lease-${++number}`;
      await makeLease(namespace, name, spec, { ...annotation, 'example.com/note': 'kept' });
      const { report, events } = await passWith(t, namespace, name);
      assert.equal(report.pass, 'Completed', report.sentence ?? '');
      for (const event of events) {
        const sentence = leaseSentence(event);
        assert.ok(sentence.length < 600 && !/\p{Cc}/u.test(sentence), sentence.slice(0, 600));
      }
      assert.deepEqual(
        events.map(({ kind }) => kind),
        watchedSeconds === undefined
          ? ['acquired', 'released']
          : ['watching', 'tookOver', 'released'],
      );
      const [first] = events;
      if (first?.kind === 'watching') assert.equal(first.forMs, (watchedSeconds ?? 0) * 1000);
      const after = await api.get(path('Lease', namespace, name));
      assert.equal(after.spec?.['holderIdentity'], '');
      assert.equal(after.metadata.annotations?.['example.com/note'], 'kept');
    });
  }
});

test('a Lease without the annotation of wave-cron that was ever held is not changed, and the pass ends at once', async (t) => {
  const namespace = await testNamespace(t);
  const others = [
    {},
    { [leaseAnnotation.key]: 'somebody' },
    { 'example.com/leader': 'x'.repeat(99_999) },
  ];
  for (const [number, annotations] of others.entries()) {
    for (const [which, holderIdentity] of ['', '\u{202e}x'.repeat(50_000)].entries()) {
      const name = `lease-${number}-${which}`;
      const spec = { holderIdentity, renewTime: ancient };
      const before = await makeLease(namespace, name, spec, annotations);
      await assert.rejects(
        passWith(t, namespace, name),
        (error) =>
          error instanceof ForeignLeaseError &&
          error.message.length < 2000 &&
          !/[\p{Cc}\p{Cf}]/u.test(error.message),
      );
      const { metadata } = await api.get(path('Lease', namespace, name));
      assert.equal(metadata.resourceVersion, before.metadata.resourceVersion);
    }
  }
});

test('the API server rejects a Lease with an invalid duration, number, time or holder', async (t) => {
  const namespace = await testNamespace(t);
  for (const spec of [
    { holderIdentity: 'x', leaseDurationSeconds: 0 },
    { holderIdentity: 'x', leaseDurationSeconds: -1 },
    { holderIdentity: 'x', leaseTransitions: -1 },
    { holderIdentity: 'x', renewTime: 'yesterday' },
    { holderIdentity: 5 },
  ]) {
    await assert.rejects(makeLease(namespace, 'refused', spec, annotation), isRefusal);
  }
});

const isRefusal = (error: unknown) =>
  error instanceof ApiError && (error.status === 400 || error.status === 422);

async function makeLease(
  namespace: string,
  name: string,
  spec: object | null | undefined,
  annotations: Record<string, string>,
): Promise<KubernetesObject> {
  return await api.post<KubernetesObject>(path('Lease', namespace), {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name, annotations },
    ...(spec === undefined ? {} : { spec }),
  });
}
