import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { UnreachableError } from '../../../lib/errors.ts';
import { createApiClient } from '../../../lib/kubernetes/client/api-client.ts';
import { connect } from '../../../lib/kubernetes/credentials/connection.ts';
import { type AcquireOptions, acquire } from '../../../lib/lease/acquire.ts';
import { ForeignLeaseError } from '../../../lib/lease/error.ts';
import type { LeaseEvent } from '../../../lib/lease/event.ts';
import type { LeaseHandle } from '../../../lib/lease/handle.ts';
import {
  kubernetesLock,
  type LeaseGroup,
  leaseAnnotation,
} from '../../../lib/lease/kubernetes-lock.ts';
import type { LeaseLock, LeaseRecord } from '../../../lib/lease/lock.ts';
import { systemClock } from '../../../lib/schedule/clock.ts';
import { path } from '../../../tools/control-plane/api.ts';
import {
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';

const { api } = testCluster();
const name = 'wave-cron';
const once = { retry: false };

/** The permissions of the shipped manifests. RBAC cannot limit `create` to a name, but can limit the other verbs. */
const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] };
const onlyOwn = { ...leases, verbs: ['get', 'patch'], resourceNames: [name] };
const create = { ...leases, verbs: ['create'] };

async function lockAs(
  t: TestContext,
  kubeconfig: string,
  namespace: string,
  group?: LeaseGroup,
): Promise<LeaseLock> {
  const connection = await connect({ kubeconfig, context: undefined }, {});
  t.after(() => connection.close());
  return kubernetesLock(createApiClient(connection), { namespace, name }, group);
}

async function stage(t: TestContext, rules = [onlyOwn, create]) {
  const namespace = await testNamespace(t);
  const { kubeconfig } = await serviceAccount(t, { namespace, rules });
  return {
    namespace,
    lease: path('Lease', namespace, name),
    lock: await lockAs(t, kubeconfig, namespace),
    memberOf: (identity: string, member: string) =>
      lockAs(t, kubeconfig, namespace, { identity, member }),
  };
}

function attempt(lock: LeaseLock, podName: string, options: Partial<AcquireOptions> = {}) {
  return acquire({
    lock,
    name: { podName, podUid: undefined, hostName: 'host' },
    durationSeconds: 5,
    maxHonoredSeconds: 150,
    clock: systemClock,
    random: Math.random,
    on: () => undefined,
    ...options,
  });
}

async function held(t: TestContext, lock: LeaseLock, podName: string): Promise<LeaseHandle> {
  const outcome = await attempt(lock, podName);
  assert.ok(outcome.kind === 'held');
  t.after(() => outcome.handle.release());
  return outcome.handle;
}

const recordOf = (holderIdentity: string): LeaseRecord => ({
  holderIdentity,
  leaseDurationSeconds: 15,
  acquireTime: '2026-01-01T00:00:00.000000Z',
  renewTime: '2026-01-01T00:00:00.000000Z',
  leaseTransitions: 0,
});

test('with the shipped permissions, a lease is created, held, released and acquired again', async (t) => {
  const { lock, lease } = await stage(t);
  const first = await held(t, lock, 'first');
  const { spec, metadata } = await api.get(lease);
  assert.equal(spec?.['holderIdentity'], first.identity);
  assert.equal(metadata.annotations?.[leaseAnnotation.key], leaseAnnotation.value);
  assert.deepEqual(await first.release(), { kind: 'released' });
  assert.equal((await api.get(lease)).spec?.['holderIdentity'], '');

  const second = await held(t, lock, 'second');
  const again = await api.get(lease);
  assert.equal(again.spec?.['holderIdentity'], second.identity);
  assert.equal(again.spec?.['leaseTransitions'], 1);
});

test('a holder knows the time of the server although the response to its write was lost and its own clock is wrong', async (t) => {
  const { lock } = await stage(t);
  let isLost = false;
  const losing: LeaseLock = {
    ...lock,
    // The HTTP client repeats a request whose response was lost. The repetition conflicts.
    async create(record, call) {
      if (!isLost) await lock.create(record, call);
      isLost = true;
      return await lock.create(record, call);
    },
  };
  const day = 24 * 60 * 60_000;
  const clock = { ...systemClock, wallTime: () => new Date(Date.now() - day) };
  const outcome = await attempt(losing, 'holder', { clock });
  assert.ok(outcome.kind === 'held');
  t.after(() => outcome.handle.release());
  const time = outcome.handle.serverTime()?.getTime() ?? 0;
  assert.ok(Math.abs(Date.now() - time) < day / 2, new Date(time).toISOString());
});

test('the server rejects a write for any version except the current one', async (t) => {
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

test('a Lease that was created again is not the one that was read', async (t) => {
  const { lock, lease } = await stage(t);
  await lock.create(recordOf('a'), once);
  const reading = await lock.get(once);
  assert.ok(reading.kind === 'present');
  await api.delete(lease);
  await lock.create(recordOf('b'), once);
  assert.deepEqual(await lock.update(recordOf('a'), reading.version, once), { kind: 'conflict' });
  assert.equal((await api.get(lease)).spec?.['holderIdentity'], 'b');
});

test('a renewal is a write that other processes see, and the holder stays', async (t) => {
  const { lock } = await stage(t);
  const holder = await held(t, lock, 'holder');
  const outcome = await attempt(lock, 'other');
  assert.ok(outcome.kind === 'heldByOther');
  assert.equal(outcome.holder, holder.identity);
  assert.equal(outcome.seen, 'renewed');
  assert.ok(holder.isHeld());
});

test('a dead holder is taken over after its duration', async (t) => {
  const { lock, lease } = await stage(t);
  await lock.create({ ...recordOf('dead'), leaseDurationSeconds: 5 }, once);
  const events: LeaseEvent[] = [];
  const outcome = await attempt(lock, 'next', { on: (event) => events.push(event) });
  assert.ok(outcome.kind === 'held');
  t.after(() => outcome.handle.release());
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['watching', 'tookOver'],
  );
  assert.equal((await api.get(lease)).spec?.['holderIdentity'], outcome.handle.identity);
});

test('if many processes start together, one of them gets the lease', async (t) => {
  const { lock } = await stage(t);
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, i) => attempt(lock, `contender-${i}`)),
  );
  const handles = outcomes.flatMap((outcome) => (outcome.kind === 'held' ? [outcome.handle] : []));
  for (const handle of handles) t.after(() => handle.release());
  assert.equal(handles.length, 1);
});

test('without the permission to create, a Lease that an administrator created is used, and its labels stay', async (t) => {
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
  const handle = await held(t, lock, 'first');
  const { spec, metadata } = await api.get(lease);
  assert.equal(spec?.['holderIdentity'], handle.identity);
  assert.deepEqual(metadata.labels, { team: 'ops' });
});

test('a Lease that another controller uses is not changed', async (t) => {
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

test('if a Lease is deleted by hand, its holder has lost it', async (t) => {
  const { lock, lease } = await stage(t);
  const handle = await held(t, lock, 'holder');
  const lost = new Promise((resolve) => {
    handle.lost.addEventListener('abort', resolve, { once: true });
  });
  await api.delete(lease);
  await lost;
  assert.throws(() => handle.assertHeld(), /another client deleted it/);
  assert.deepEqual(await handle.release(), { kind: 'notHeld' });
  assert.equal(await api.find(lease), undefined);
});

test("processes of a group renew the lease over each other's renewals, and another group does not", async (t) => {
  const { lock, lease, memberOf } = await stage(t);
  const [a, b, other] = await Promise.all([
    memberOf('group', 'a'),
    memberOf('group', 'b'),
    memberOf('other', 'c'),
  ]);
  const versionOf = async (by: LeaseLock): Promise<string> => {
    const reading = await by.get(once);
    assert.ok(reading.kind === 'present');
    return reading.version;
  };
  assert.equal((await a.create(recordOf('group'), once)).kind, 'done');
  const seenByA = await versionOf(a);
  const seenByOther = await versionOf(other);
  const renewTime = '2026-01-01T00:00:05.000000Z';
  const renewed = { ...recordOf('group'), renewTime };
  assert.equal((await b.update(renewed, await versionOf(b), once)).kind, 'done');
  const before = await versionOf(lock);
  assert.equal((await a.update(renewed, seenByA, once)).kind, 'done');
  // The renew time is the same, but the patch also contains the member. Without it, the patch would change
  // nothing, and a process that watches the Lease would see no renewal.
  assert.notEqual(await versionOf(lock), before);
  assert.equal((await api.get(lease)).spec?.['renewTime'], renewTime);

  const taken = recordOf('other');
  assert.deepEqual(await other.update(taken, seenByOther, once), { kind: 'conflict' });
  assert.equal((await other.update(taken, await versionOf(other), once)).kind, 'done');
  assert.deepEqual(await a.update(renewed, seenByA, once), { kind: 'conflict' });
  assert.equal((await api.get(lease)).spec?.['holderIdentity'], 'other');
  await api.delete(lease);
  assert.deepEqual(await a.update(renewed, seenByA, once), { kind: 'absent' });
});

test('if many processes of a group start together, each of them gets the lease, and a process outside of the group does not', async (t) => {
  const { lock, lease, memberOf } = await stage(t);
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      memberOf('group', `member-${i}`).then((lock) =>
        attempt(lock, `member-${i}`, { sharedIdentity: 'group' }),
      ),
    ),
  );
  const handles = outcomes.map((outcome) => {
    assert.ok(outcome.kind === 'held', JSON.stringify(outcome));
    return outcome.handle;
  });
  const alone = await attempt(lock, 'alone');
  assert.ok(alone.kind === 'heldByOther');
  assert.equal(alone.holder, 'group');
  for (const handle of handles) {
    assert.ok(handle.isHeld());
    assert.deepEqual(await handle.release(), { kind: 'left' });
  }
  assert.equal((await api.get(lease)).spec?.['holderIdentity'], 'group');
  const afterThem = await attempt(lock, 'alone');
  assert.ok(afterThem.kind === 'held');
  await afterThem.handle.release();
});
