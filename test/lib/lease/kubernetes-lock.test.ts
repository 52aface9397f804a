import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnreachableError } from '../../../lib/errors.ts';
import type { ApiClient, ApiRequest } from '../../../lib/kubernetes/client/api-client.ts';
import { ApiError } from '../../../lib/kubernetes/client/api-error.ts';
import { kubernetesLock } from '../../../lib/lease/kubernetes-lock.ts';
import type { LeaseRecord, LockCall } from '../../../lib/lease/lock.ts';

const record: LeaseRecord = {
  holderIdentity: 'me',
  leaseDurationSeconds: 15,
  acquireTime: '2026-01-01T00:00:00.000000Z',
  renewTime: '2026-01-01T00:00:05.000000Z',
  leaseTransitions: 3,
};
const once: LockCall = { retry: false };
const annotations = { 'wave.pusher.com/lease-of': 'wave-cron' };
const path = '/apis/coordination.k8s.io/v1/namespaces/ops/leases';

/** A lock over an API that always gives the same answer, and the requests that the API got. */
function lockOver(answer: () => unknown) {
  const requests: ApiRequest[] = [];
  const api: ApiClient = {
    server: 'https://cluster',
    traffic: { requests: 0, bytesRead: 0 },
    async request<T>(request: ApiRequest) {
      requests.push(request);
      return answer() as T;
    },
  };
  return { requests, lock: kubernetesLock(api, { namespace: 'ops', name: 'wave-cron' }) };
}

function refusal(status: number): () => never {
  return () => {
    throw new ApiError(`refused [HTTP ${status}]`, { status, canRetry: status >= 500 });
  };
}

test('a record is written as a patch of its own fields, for the version that was read', async () => {
  const { lock, requests } = lockOver(() => ({ metadata: { resourceVersion: '8' } }));
  assert.deepEqual(await lock.update(record, '7', once), { kind: 'done', version: '8' });
  const [request] = requests;
  assert.equal(request?.method, 'PATCH');
  assert.equal(request?.path, `${path}/wave-cron`);
  assert.equal(request?.contentType, 'application/merge-patch+json');
  assert.deepEqual(request?.body, {
    metadata: { resourceVersion: '7', annotations },
    spec: record,
  });
});

test('a Lease is created with the annotation of wave-cron', async () => {
  const { lock, requests } = lockOver(() => ({ metadata: { resourceVersion: '1' } }));
  assert.deepEqual(await lock.create(record, once), { kind: 'done', version: '1' });
  const [request] = requests;
  assert.equal(request?.method, 'POST');
  assert.equal(request?.path, path);
  assert.deepEqual(request?.body, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace: 'ops', name: 'wave-cron', annotations },
    spec: record,
  });
});

test('a Lease is read with its version, its annotation and its record', async () => {
  const { lock } = lockOver(() => ({
    metadata: { resourceVersion: '9', annotations },
    spec: record,
  }));
  const reading = await lock.get(once);
  assert.ok(reading.kind === 'present');
  assert.equal(reading.version, '9');
  assert.equal(reading.annotated, true);
  assert.equal(reading.record.holderIdentity, 'me');
  assert.equal(reading.record.heldForMs, 5_000);
});

for (const [name, metadata] of [
  ['no annotations', {}],
  ['annotations null', { annotations: null }],
  ['another value', { annotations: { 'wave.pusher.com/lease-of': 'somebody' } }],
] as const) {
  test(`a Lease with ${name} does not have the annotation`, async () => {
    const { lock } = lockOver(() => ({ metadata: { resourceVersion: '9', ...metadata } }));
    const reading = await lock.get(once);
    assert.ok(reading.kind === 'present');
    assert.equal(reading.annotated, false);
    assert.equal(reading.record.neverHeld, true);
  });
}

test('404 and 409 are outcomes, not errors', async () => {
  const absent = lockOver(refusal(404)).lock;
  assert.deepEqual(await absent.get(once), { kind: 'absent' });
  assert.deepEqual(await absent.update(record, '7', once), { kind: 'absent' });
  const conflict = lockOver(refusal(409)).lock;
  assert.deepEqual(await conflict.create(record, once), { kind: 'conflict' });
  assert.deepEqual(await conflict.update(record, '7', once), { kind: 'conflict' });
});

for (const [what, status, act] of [
  ['read', 403, (status: number) => lockOver(refusal(status)).lock.get(once)],
  ['created', 404, (status: number) => lockOver(refusal(status)).lock.create(record, once)],
  ['written', 503, (status: number) => lockOver(refusal(status)).lock.update(record, '7', once)],
] as const) {
  test(`a Lease that cannot be ${what} is an error that names it and says whether a retry may help`, async () => {
    await assert.rejects(act(status), (error) => {
      assert.ok(error instanceof UnreachableError);
      assert.equal(
        error.message,
        `Lease ops/wave-cron cannot be ${what}: refused [HTTP ${status}]`,
      );
      assert.equal(error.canRetry, status === 503);
      assert.equal(error.exit, 3);
      return true;
    });
  });
}

// A patch with an empty resourceVersion has no precondition, so it would overwrite any holder.
for (const [name, object] of [
  ['no metadata', {}],
  ['no resourceVersion', { metadata: {} }],
  ['an empty resourceVersion', { metadata: { resourceVersion: '' } }],
  ['a resourceVersion that is not a string', { metadata: { resourceVersion: 7 } }],
] as const) {
  test(`a response with ${name} is rejected`, async () => {
    const { lock } = lockOver(() => object);
    await assert.rejects(lock.get(once), /is not a Lease: it has no resourceVersion/);
    await assert.rejects(lock.update(record, '7', once), /is not a Lease/);
  });
}

test('the lock only tries again on request', async () => {
  const { lock, requests } = lockOver(() => ({ metadata: { resourceVersion: '8' } }));
  await lock.get({ retry: false });
  await lock.get({ retry: true });
  assert.deepEqual(
    requests.map(({ tries }) => tries),
    [1, undefined],
  );
});

test('the reason of a signal is passed on unchanged', async () => {
  const reason = new Error('SIGTERM');
  const { lock } = lockOver(() => {
    throw reason;
  });
  await assert.rejects(lock.get({ signal: AbortSignal.abort(reason), retry: true }), reason);
});
