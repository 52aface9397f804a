/**
 * The admission policy for Leases: the account may write only the Leases of its installation, and only the
 * record of the holder in them.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Fields, type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { hasKubectl, testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { accountOfSuite, assertRefused, grantElsewhere } from './account.ts';

const { api } = testCluster();
const skip = hasKubectl() ? false : 'there is no kubectl';

const record = {
  holderIdentity: 'pod_uid_0123',
  leaseDurationSeconds: 15,
  acquireTime: '2026-01-01T00:00:00.000000Z',
  renewTime: '2026-01-01T00:00:00.000000Z',
  leaseTransitions: 0,
};
const mark = { 'wave.pusher.com/lease-of': 'wave-cron' };

function lease(namespace: string, name: string, more: Fields = {}, spec: Fields = {}) {
  return {
    ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
    metadata: { namespace, name, annotations: mark, ...more },
    spec: { ...record, ...spec },
  } satisfies KubernetesObject;
}

const variable = (index: number, name: string, expression: string) => ({
  op: 'replace',
  path: `/spec/variables/${index}`,
  value: { name, expression },
});
const told = (...operations: object[]) => ({
  overlay: {
    patches: [
      {
        target: { kind: 'ValidatingAdmissionPolicy', name: 'wave-cron-leases' },
        patch: JSON.stringify(operations),
      },
    ],
  },
});

suite('the admission policy for Leases', { skip, concurrency: 4 }, () => {
  const shipped = accountOfSuite();
  const sharded = accountOfSuite(
    told(variable(0, 'leaseName', "'own.lease'"), variable(2, 'shards', '4')),
  );

  test('lets the account create and update the Lease of its installation, and delete none', async () => {
    const { api: account, namespace } = shipped.account;
    for (const name of ['wave-cron', 'wave-cron-0', 'wave-cron-31']) {
      await account.create(lease(namespace, name));
    }
    const here = path('Lease', namespace, 'wave-cron');
    const renewed = { 'wave.pusher.com/renewed-by': 'pod_uid_4567' };
    const cursor = { 'wave.pusher.com/cursor': 'shop/Deployment/web' };
    for (const change of [
      { metadata: { annotations: cursor }, spec: { renewTime: '2026-01-01T00:00:05.000000Z' } },
      { metadata: { annotations: renewed } },
      { metadata: { annotations: { 'wave.pusher.com/cursor': null } } },
      { spec: { holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 7 } },
    ]) {
      await account.patch(here, change, 'merge');
    }
    await assertRefused('operation', () => account.delete(here));
    await assertRefused('operation', () => account.delete(path('Lease', namespace)));
  });

  test('denies creating or updating any other Lease, with any name and in any namespace', async (t) => {
    const { api: account, namespace } = shipped.account;
    for (const name of ['other', 'wave-cron-32', 'wave-cron-x', 'wave-cron-00', 'xwave-cron']) {
      await assertRefused('lease name', () => account.create(lease(namespace, name)));
      await api.create(lease(namespace, name));
      const here = path('Lease', namespace, name);
      await assertRefused('lease name', () =>
        account.patch(here, { spec: { leaseTransitions: 1 } }, 'merge'),
      );
    }

    // RBAC allows the request in this namespace, so only the policies can deny it.
    const elsewhere = await testNamespace(t);
    await grantElsewhere(shipped.account, elsewhere);
    await assertRefused('lease name', () => account.create(lease(elsewhere, 'wave-cron')));
  });

  test('accepts another Lease name and number of shards if its variables say so', async () => {
    const { api: account, namespace } = sharded.account;
    for (const name of ['own.lease', 'own.lease-0', 'own.lease-3']) {
      await account.create(lease(namespace, name));
    }
    for (const name of ['own.lease-4', 'ownxlease', 'wave-cron']) {
      await assertRefused('lease name', () => account.create(lease(namespace, name)));
    }
  });

  test('allows the account to write the record of a Lease and three short annotations, and nothing else', async () => {
    const { api: account, namespace } = sharded.account;
    const name = 'own.lease-1';
    const large = 'x'.repeat(250_000);
    const made = (more: Fields, spec?: Fields) => () =>
      account.post(`${path('Lease', namespace)}?dryRun=All`, lease(namespace, name, more, spec));
    await api.delete(path('Lease', namespace, name));
    await assertRefused('metadata', made({ labels: { a: 'b' } }));
    await assertRefused('metadata', made({ finalizers: ['example.com/hold'] }));
    await assertRefused('annotations', made({ annotations: { ...mark, 'example.com/a': large } }));
    await assertRefused('record', made({}, { holderIdentity: large }));
    await assertRefused('record', made({}, { leaseDurationSeconds: 3601 }));

    // A Lease with labels and a finalizer of an administrator: the account must leave them as they are.
    const object = lease(namespace, name, {
      labels: { team: 'ops' },
      finalizers: ['example.com/keep'],
    });
    await api.create(object);
    const here = `${path('Lease', namespace, name)}?dryRun=All`;
    const write = (change: Fields) => () => account.patch(here, change, 'merge');
    await write({ spec: { leaseTransitions: 8 } })();
    const refused: Readonly<Record<string, readonly Fields[]>> = {
      metadata: [
        { metadata: { finalizers: ['wave.pusher.com/finalizer', 'example.com/keep'] } },
        { metadata: { finalizers: null } },
        { metadata: { labels: { team: 'other' } } },
        {
          metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'a', uid: 'b' }] },
        },
      ],
      annotations: [
        { metadata: { annotations: { 'wave.pusher.com/lease-of': null } } },
        { metadata: { annotations: { 'wave.pusher.com/lease-of': 'somebody' } } },
        { metadata: { annotations: { 'wave.pusher.com/cursor': 'x'.repeat(513) } } },
        { metadata: { annotations: { 'wave.pusher.com/renewed-by': large } } },
        { metadata: { annotations: { other: 'x' } } },
      ],
      record: [
        { spec: { holderIdentity: large } },
        { spec: { leaseDurationSeconds: 86_400 } },
        { spec: { leaseDurationSeconds: null } },
      ],
    };
    for (const [rule, changes] of Object.entries(refused)) {
      for (const change of changes) await assertRefused(rule, write(change));
    }
    const { metadata } = await api.get(path('Lease', namespace, name));
    assert.deepEqual(metadata.labels, { team: 'ops' });
    await api.patch(path('Lease', namespace, name), { metadata: { finalizers: null } }, 'merge');
  });
});
