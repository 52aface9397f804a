/**
 * The Secret of the hash key is the only Secret that the admission policies let the account create.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { type Fields, path } from '../../../tools/control-plane/api.ts';
import { configMap, secret } from '../../../tools/control-plane/objects.ts';
import { hasKubectl, testCluster, testNamespace } from '../../../tools/control-plane/testing.ts';
import { accountOfSuite, assertRefused, grantElsewhere } from './account.ts';

const { api } = testCluster();
const skip = hasKubectl() ? false : 'there is no kubectl';
const name = 'wave-cron-hash-key';
const bytes = (length: number) => randomBytes(length).toString('base64');
const hashKey = (namespace: string) => ({
  ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque' },
  metadata: { namespace, name },
  data: { key: bytes(32) },
});

suite('the admission policy for Secrets', { skip }, () => {
  const own = accountOfSuite();

  test('lets the account create only the Secret of the hash key, of that type and size, with nothing else on it', async (t) => {
    const { account } = own;
    const { namespace } = account;
    const good = hashKey(namespace);
    const here = `${path('Secret', namespace)}?dryRun=All`;
    const created = (change: Fields) => () => account.api.post(here, { ...good, ...change });
    const { metadata } = good;
    const token = { 'kubernetes.io/service-account.name': 'default' };
    for (const change of [
      // The token controller would write the token of another account into this Secret.
      {
        type: 'kubernetes.io/service-account-token',
        metadata: { ...metadata, annotations: token },
      },
      { type: 'example.com/other' },
      { data: {} },
      { data: { key: bytes(31) } },
      { data: { key: bytes(33) } },
      { data: { key: bytes(100_000) } },
      { data: { other: bytes(32) } },
      { data: { key: bytes(32), previous: bytes(32) } },
      { stringData: { more: 'x' } },
      { immutable: true },
      { metadata: { ...metadata, labels: { a: 'b' } } },
      { metadata: { ...metadata, annotations: token } },
      { metadata: { ...metadata, finalizers: ['example.com/hold'] } },
      {
        metadata: {
          ...metadata,
          ownerReferences: [{ apiVersion: 'v1', kind: 'Namespace', name: namespace, uid: 'u' }],
        },
      },
    ]) {
      await assertRefused('hash key', created(change));
    }
    await assertRefused('operation', created({ metadata: { namespace, name: 'other' } }));
    await assertRefused(
      'operation',
      created({ metadata: { namespace, generateName: `${name}-` } }),
    );
    await assertRefused('operation', () =>
      account.api.create(configMap({ namespace, name, data: { key: 'x'.repeat(32) } })),
    );
    await account.api.post(here, good);

    // RBAC allows the request in this namespace, so only the policies can deny it.
    const elsewhere = await testNamespace(t);
    await grantElsewhere(account, elsewhere);
    await assertRefused('operation', () => account.api.create(hashKey(elsewhere)));
  });

  test('lets the account neither overwrite nor delete the key', async () => {
    const { account } = own;
    const { namespace } = account;
    await api.create(secret({ namespace, name, planted: false, data: { key: 'k'.repeat(32) } }));
    const here = path('Secret', namespace, name);
    const { data } = hashKey(namespace);
    await assertRefused('content', () => account.api.patch(here, { data }, 'merge'));
    await assertRefused('operation', () => account.api.delete(here));
    const stays = Buffer.from('k'.repeat(32)).toString('base64');
    assert.deepEqual((await api.get(here)).data, { key: stays });
  });
});
