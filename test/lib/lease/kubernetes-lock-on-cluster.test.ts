import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../lib/clock.ts';
import { UnreachableError } from '../../../lib/errors.ts';
import { apiClient } from '../../../lib/kubernetes/api-client.ts';
import { connect } from '../../../lib/kubernetes/connection.ts';
import { type AcquireOptions, acquire } from '../../../lib/lease/acquire.ts';
import { ForeignLeaseError } from '../../../lib/lease/error.ts';
import type { LeaseEvent } from '../../../lib/lease/event.ts';
import type { Hold } from '../../../lib/lease/hold.ts';
import { kubernetesLock, leaseMark } from '../../../lib/lease/kubernetes-lock.ts';
import type { LeaseLock, LeaseRecord } from '../../../lib/lease/lock.ts';
import { path } from '../../control-plane/api.ts';
import { serviceAccount, testCluster, testNamespace } from '../../control-plane/testing.ts';

const { api } = testCluster();
const name = 'wave-cron';
const once = { retry: false };

/** The rights of the shipped manifests: `create` cannot be limited to a name, the rest is. */
const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] };
const onlyOwn = { ...leases, verbs: ['get', 'patch'], resourceNames: [name] };
const create = { ...leases, verbs: ['create'] };

function lockAs(t: TestContext, kubeconfig: string, namespace: string): LeaseLock {
  const connection = connect({ kubeconfig, context: undefined }, {});
  t.after(() => connection.close());
  return kubernetesLock(apiClient(connection), { namespace, name });
}

async function stage(t: TestContext, rules = [onlyOwn, create]) {
  const namespace = await testNamespace(t);
  const { kubeconfig } = await serviceAccount(t, { namespace, rules });
  return {
    namespace,
    lease: path('Lease', namespace, name),
    lock: lockAs(t, kubeconfig, namespace),
  };
}

function attempt(lock: LeaseLock, podName: string, options: Partial<AcquireOptions> = {}) {
  return acquire({
    lock,
    name: { podName, podUid: undefined, hostName: 'host' },
    durationSeconds: 5,
    clock: systemClock,
    random: Math.random,
    on: () => undefined,
    ...options,
  });
}

async function held(t: TestContext, lock: LeaseLock, podName: string): Promise<Hold> {
  const outcome = await attempt(lock, podName);
  assert.ok(outcome.kind === 'held');
  t.after(() => outcome.hold.release());
  return outcome.hold;
}

const recordOf = (holderIdentity: string): LeaseRecord => ({
  holderIdentity,
  leaseDurationSeconds: 15,
  acquireTime: '2026-01-01T00:00:00.000000Z',
  renewTime: '2026-01-01T00:00:00.000000Z',
  leaseTransitions: 0,
});

test('with the shipped rights a lease is created, held, released and taken again', async (t) => {
  const { lock, lease } = await stage(t);
  const first = await held(t, lock, 'first');
  const { spec, metadata } = await api.get(lease);
  assert.equal(spec?.['holderIdentity'], first.identity);
  assert.equal(metadata.annotations?.[leaseMark.key], leaseMark.value);
  assert.deepEqual(await first.release(), { kind: 'released' });
  assert.equal((await api.get(lease)).spec?.['holderIdentity'], '');

  const second = await held(t, lock, 'second');
  const again = await api.get(lease);
  assert.equal(again.spec?.['holderIdentity'], second.identity);
  assert.equal(again.spec?.['leaseTransitions'], 1);
});

test('the server refuses a write on any version but the current one', async (t) => {
  const { lock, lease } = await stage(t);
  assert.equal((await lock.create(recordOf('a'), once)).kind, 'done');
  assert.deepEqual(await lock.create(recordOf('b'), once), { kind: 'conflict' });
  const reading = await lock.get(once);
  assert.ok(reading.kind === 'present');
  assert.equal((await lock.update(recordOf('b'), reading.version, once)).kind, 'done');
  assert.deepEqual(await lock.update(recordOf('c'), reading.version, once), { kind: 'conflict' });
  assert.equal((await api.get(lease)).spec?.['holderIdentity'], 'b');

  await api.delete(lease);
  assert.deepEqual(await lock.update(recordOf('c'), reading.version, once), { kind: 'absent' });
  assert.deepEqual(await lock.get(once), { kind: 'absent' });
});

test('a Lease that was made anew is not the one that was read', async (t) => {
  const { lock, lease } = await stage(t);
  await lock.create(recordOf('a'), once);
  const reading = await lock.get(once);
  assert.ok(reading.kind === 'present');
  await api.delete(lease);
  await lock.create(recordOf('b'), once);
  assert.deepEqual(await lock.update(recordOf('a'), reading.version, once), { kind: 'conflict' });
  assert.equal((await api.get(lease)).spec?.['holderIdentity'], 'b');
});

test('a renewal is a write that the other side sees, and the holder stays', async (t) => {
  const { lock } = await stage(t);
  const holder = await held(t, lock, 'holder');
  const outcome = await attempt(lock, 'other');
  assert.ok(outcome.kind === 'heldByOther');
  assert.equal(outcome.holder, holder.identity);
  assert.equal(outcome.seen, 'renewed');
  assert.ok(holder.isOurs());
});

test('a dead holder is taken over after its duration', async (t) => {
  const { lock, lease } = await stage(t);
  await lock.create({ ...recordOf('dead'), leaseDurationSeconds: 5 }, once);
  const events: LeaseEvent[] = [];
  const outcome = await attempt(lock, 'next', { on: (event) => events.push(event) });
  assert.ok(outcome.kind === 'held');
  t.after(() => outcome.hold.release());
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['watching', 'tookOver'],
  );
  assert.equal((await api.get(lease)).spec?.['holderIdentity'], outcome.hold.identity);
});

test('of many that start together, one gets it', async (t) => {
  const { lock } = await stage(t);
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, i) => attempt(lock, `contender-${i}`)),
  );
  const holds = outcomes.flatMap((outcome) => (outcome.kind === 'held' ? [outcome.hold] : []));
  for (const hold of holds) t.after(() => hold.release());
  assert.equal(holds.length, 1);
});

test('without the right to create, a Lease that an administrator made is used, and its labels stay', async (t) => {
  const { lock, lease, namespace } = await stage(t, [onlyOwn]);
  await assert.rejects(attempt(lock, 'first'), (error) => {
    assert.ok(error instanceof UnreachableError);
    assert.match(
      error.message,
      new RegExp(`^Lease ${namespace}/${name} cannot be created: .*forbidden`),
    );
    return true;
  });
  await api.create({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name, labels: { team: 'ops' } },
  });
  const hold = await held(t, lock, 'first');
  const { spec, metadata } = await api.get(lease);
  assert.equal(spec?.['holderIdentity'], hold.identity);
  assert.deepEqual(metadata.labels, { team: 'ops' });
});

test('a Lease that another controller uses is left as it is', async (t) => {
  const { lock, lease, namespace } = await stage(t);
  const spec = { ...recordOf(''), leaseTransitions: 7 };
  await api.create({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name },
    spec,
  });
  await assert.rejects(attempt(lock, 'first'), ForeignLeaseError);
  assert.deepEqual((await api.get(lease)).spec, spec);
});

test('a holder whose Lease is deleted by hand has lost it', async (t) => {
  const { lock, lease } = await stage(t);
  const hold = await held(t, lock, 'holder');
  const lost = new Promise((resolve) => {
    hold.lost.addEventListener('abort', resolve, { once: true });
  });
  await api.delete(lease);
  await lost;
  assert.throws(() => hold.assertOurs(), /somebody else has deleted it/);
  assert.deepEqual(await hold.release(), { kind: 'notOurs' });
  assert.equal(await api.find(lease), undefined);
});
