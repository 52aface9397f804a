/**
 * Owner references under the admission policies: which of them the account may add and remove. No reference,
 * and no entry of managedFields about references, may lead the garbage collector to delete a source.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, suite, test } from 'node:test';
import pLimit from 'p-limit';
import { type Fields, type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { configMap, deployment, secret } from '../../../tools/control-plane/objects.ts';
import { hasKubectl, randomName, testCluster } from '../../../tools/control-plane/testing.ts';
import { accountOfSuite, assertRefused } from './account.ts';

const { api } = testCluster();
const skip = hasKubectl() ? false : 'there is no kubectl';

type Owner = Fields & { uid: string };
type Made = { readonly here: string; readonly owners: () => Promise<Owner[]> };

suite('the admission policies for owner references', { skip, concurrency: 4 }, () => {
  const own = accountOfSuite();
  /** The Namespace kube-system, which all tests except one use as a second owner. */
  let lasting: Owner;
  let former: Owner;
  before(async () => {
    lasting = ownerOf(await namespaceNamed('kube-system'));
    former = ownerOf(await namespaceNamed(own.account.namespace));
  });

  for (const make of [configMap, secret]) {
    const kind = make.name === 'secret' ? 'Secret' : 'ConfigMap';
    const source = async (): Promise<Made> => {
      const { namespace } = own.account;
      const name = randomName('owned');
      await api.create(make({ namespace, name, data: { a: '1' } }));
      const here = path(kind, namespace, name);
      const owners = async () =>
        ((await api.get(here)).metadata.ownerReferences ?? []) as unknown as Owner[];
      return { here, owners };
    };

    test(`let the account add and remove owner references of a ${kind} that keep the garbage collector away`, async () => {
      const { here, owners } = await source();
      const [web, other] = [await workload(), await workload()];
      await refuses('loss', put(here, [web]));
      await refuses('loss', put(here, [ghost()]));
      await own.account.api.patch(at(here), referring(web, lasting));
      await own.account.api.patch(at(here), referring(other));
      await refuses('loss', remove(here, lasting));
      await own.account.api.patch(at(here), removing(web));
      await own.account.api.patch(at(here), removing(other, lasting));
      assert.deepEqual(await owners(), []);
    });

    test(`let the account add only workloads and kube-system as owners of a ${kind}, at most two at a time, without controller or blockOwnerDeletion, and as field manager wave-cron`, async () => {
      const { here } = await source();
      const web = await workload();
      const added = 'owners added';
      await refuses('kube-system', put(here, [{ ...lasting, uid: randomUUID() }]));
      await refuses('kube-system', put(here, [web, { ...lasting, uid: randomUUID() }]));
      await refuses(`${added}|loss`, put(here, [{ ...lasting, name: 'default' }]));
      await refuses(`${added}|kube-system|loss`, put(here, [former]));
      await refuses(`${added}|kube-system`, put(here, [former, lasting]));
      await refuses(added, put(here, [{ ...web, kind: 'ReplicaSet' }, lasting]));
      await refuses(added, put(here, [{ ...web, controller: true }, lasting]));
      await refuses(added, put(here, [{ ...web, blockOwnerDeletion: true }, lasting]));
      await refuses(added, put(here, [web, ghost(), lasting]));
      await refuses(added, put(here, [{ ...web, name: 'x'.repeat(300) }, lasting]));
      await refuses('claims', put(here, [web, lasting], 'somebody'));
    });

    test(`do not let a second reference with the same uid make the garbage collector delete a ${kind}`, async () => {
      const { here, owners } = await source();
      const underLasting = ghost(lasting.uid);
      const hundred = Array.from({ length: 100 }, () => ghost());
      await refuses('owners added', replace(here, [...hundred, underLasting, lasting]));
      await refuses('owners added', replace(here, [underLasting, lasting]));
      const web = await workload();
      await refuses('owners added', replace(here, [web, underLasting, lasting]));
      await own.account.api.patch(at(here), referring(web, lasting));
      await refuses('owners', replace(here, [web, lasting, underLasting]));
      await refuses('owners', replace(here, [web, lasting, ghost(web.uid)]));

      const controller = { ...(await configMapOwner()), controller: true };
      await api.patch(at(here, 'somebody'), referring(controller));
      const all = await owners();
      await refuses('claims', replace(here, [...all, ghost(controller.uid)]));
      assert.deepEqual(await owners(), all);
    });

    test(`let the account replace the owner Namespace of a ${kind}, which an earlier version added, with kube-system, and not just remove it`, async () => {
      const { here, owners } = await source();
      const [web, other] = [await workload(), await workload()];
      await api.patch(at(here), referring(web, former));
      await refuses('loss', remove(here, former));
      await refuses('loss', put(here, [other]));
      const exchange = [{ $patch: 'delete', uid: former.uid }, lasting];
      await own.account.api.patch(at(here), { metadata: { ownerReferences: exchange } });
      assert.deepEqual(new Set(await owners()), new Set([web, lasting]));
      await refuses('loss', remove(here, lasting));
      await own.account.api.patch(at(here), removing(web, lasting));
      assert.deepEqual(await owners(), []);
    });

    test(`keep owner references that others wrote on a ${kind} as they are`, async () => {
      const { here, owners } = await source();
      const [first, web] = [await configMapOwner(), await workload()];
      await api.patch(at(here, 'somebody'), referring(first, web, lasting));
      await refuses('claims', remove(here, web));
      await refuses('claims', remove(here, lasting));
      await refuses('claims', remove(here, first));
      await refuses('claims', put(here, [{ ...first, controller: true }]));
      await refuses('claims', put(here, [{ ...web, name: 'other' }]));
      // As long as a Namespace is an owner, no matter who added it, the account may add and remove workloads.
      const added = await workload();
      await own.account.api.patch(at(here), referring(added));
      await refuses('owners', put(here, [{ ...added, blockOwnerDeletion: true }]));
      await own.account.api.patch(at(here), removing(added));
      assert.deepEqual(await owners(), [first, web, lasting]);
    });

    test(`do not let the account change which field manager owns the owner references of others on a ${kind}`, async () => {
      const { here, owners } = await source();
      const [first, web] = [await configMapOwner(), await workload()];
      await api.patch(at(here, 'somebody'), referring(first, web, lasting));
      const managersOf = async () => (await api.get(here)).metadata['managedFields'] as Manager[];
      const before = await managersOf();
      const write = (managedFields: object[]) => () =>
        own.account.api.patch(at(here), { metadata: { managedFields } }, 'merge');
      const others = before.filter(({ manager }) => manager !== 'somebody');
      const [somebody] = before.filter(({ manager }) => manager === 'somebody');
      assert.ok(somebody);
      await refuses('claims', write([{}]));
      await refuses('claims', write(others));
      await refuses('claims', write([...others, { ...somebody, manager: 'wave-cron' }]));
      await refuses('claims', write([...others, { ...somebody, manager: 'ancient-changes' }]));
      await refuses('claims', write([...others, { ...somebody, operation: 'Apply' }]));
      await refuses('claims', write([...before, { ...somebody, manager: 'else' }]));
      await refuses('owners', write([...before, { ...somebody, manager: 'wave-cron' }]));
      await refuses('owners', apply(here, kind, [web]));
      await refuses('claims', apply(here, kind, [web], 'somebody'));

      // No entry of managedFields has the owner references, but other entries have other fields.
      const { fieldsV1 } = somebody;
      assert.ok(fieldsV1['f:metadata']);
      await api.patch(at(here, 'else'), { metadata: { managedFields: others } }, 'merge');
      assert.ok(!JSON.stringify(await managersOf()).includes(web.uid));
      await refuses('owners', remove(here, web));
      await refuses('owners', write([...others, { ...somebody, manager: 'wave-cron' }]));
      await refuses('claims', write([...others, somebody]));
      await refuses('owners', apply(here, kind, [web]));

      // With empty managedFields, the API server tracks nothing. Then the account cannot remove any reference.
      await api.patch(at(here, 'else'), { metadata: { managedFields: [{}] } }, 'merge');
      const added = await workload();
      await own.account.api.patch(at(here), referring(added));
      await refuses('owners', remove(here, added));
      await refuses('owners', remove(here, web));
      await refuses('owners', write([{ ...somebody, manager: 'wave-cron' }]));
      assert.deepEqual(await owners(), [added, first, web, lasting]);
    });
  }

  test('work with so many field managers that the API server merges the oldest ones', async () => {
    const { namespace } = own.account;
    const name = randomName('many');
    await api.create(configMap({ namespace, name, data: { a: '1' } }));
    const here = path('ConfigMap', namespace, name);
    const web = await workload();
    await api.patch(at(here, 'oldest'), referring(web));
    for (let i = 0; i < 12; i += 1) {
      await api.patch(at(here, `manager-${i}`), { data: { [`key${i}`]: '1' } });
    }
    const text = async () => JSON.stringify((await api.get(here)).metadata['managedFields']);
    assert.match(await text(), /ancient-changes/);
    await refuses('claims', remove(here, web));
    const added = await workload();
    await own.account.api.patch(at(here), referring(added, lasting));
    await api.patch(at(here, 'one-more'), { data: { more: '1' } });
    await refuses('claims', remove(here, web));
    await own.account.api.patch(at(here), removing(added, lasting));
    const { ownerReferences } = (await api.get(here)).metadata;
    assert.deepEqual(ownerReferences, [web]);
  });

  test('stay within the cost limit of an expression with a thousand owners', async () => {
    const { namespace } = own.account;
    const limit = pLimit(16);
    const foreign = await Promise.all(Array.from({ length: 900 }, () => limit(configMapOwner)));
    const workloads = await Promise.all(Array.from({ length: 100 }, () => limit(workload)));
    const name = randomName('large');
    await api.create(secret({ namespace, name, data: { a: '1' } }));
    const here = path('Secret', namespace, name);
    await api.patch(at(here, 'somebody'), referring(...foreign));
    await api.patch(at(here), referring(...workloads.slice(1), lasting));
    const [last] = workloads;
    assert.ok(last);
    await own.account.api.patch(at(here), referring(last));
    const [one, two, ...more] = workloads;
    assert.ok(one && two);
    await own.account.api.patch(at(here), removing(one));
    await own.account.api.patch(at(here), removing(two));
    await own.account.api.patch(at(here), removing(...more, lasting));
    assert.equal((await api.get(here)).metadata.ownerReferences?.length, foreign.length);

    // The limit also holds if managedFields is empty.
    await api.patch(at(here, 'else'), { metadata: { managedFields: [{}] } }, 'merge');
    await own.account.api.patch(`${at(here)}&dryRun=All`, referring(last, lasting));
  });

  const refuses = assertRefused;
  const put = (here: string, owners: Owner[], manager?: string) => () =>
    own.account.api.patch(at(here, manager), referring(...owners));
  const remove = (here: string, owner: Owner) => () =>
    own.account.api.patch(at(here), removing(owner));
  const replace = (here: string, value: Owner[]) => () =>
    own.account.api.patch(
      at(here),
      [{ op: 'add', path: '/metadata/ownerReferences', value }],
      'json',
    );
  const apply =
    (here: string, kind: string, ownerReferences: Owner[], manager = 'wave-cron') =>
    () => {
      const metadata = { name: here.slice(here.lastIndexOf('/') + 1), ownerReferences };
      const object = { apiVersion: 'v1', kind, metadata };
      return own.account.api.patch(`${at(here, manager)}&force=true`, object, 'apply');
    };

  async function workload(): Promise<Owner> {
    const { namespace } = own.account;
    return ownerOf(await api.create(deployment({ namespace, name: randomName('web') })));
  }

  async function configMapOwner(): Promise<Owner> {
    const { namespace } = own.account;
    return ownerOf(await api.create(configMap({ namespace, name: randomName('owner'), data: {} })));
  }
});

suite('with ownership: off, as it is shipped, the admission policies', { skip }, () => {
  const own = accountOfSuite({ ownership: false });

  test('do not let the account add any owner reference, but let it remove those that exist', async () => {
    const { namespace, api: account } = own.account;
    await api.create(secret({ namespace, name: 'login', data: { a: '1' } }));
    const here = path('Secret', namespace, 'login');
    const web = ownerOf(await api.create(deployment({ namespace, name: 'web' })));
    const lasting = ownerOf(await namespaceNamed('kube-system'));
    for (const owners of [[lasting], [web, lasting]]) {
      await assertRefused('ownership', () => account.patch(at(here), referring(...owners)));
    }
    await api.patch(at(here), referring(web, lasting));
    await account.patch(at(here), removing(web, lasting));
    assert.equal((await api.get(here)).metadata.ownerReferences, undefined);
  });
});

const namespaceNamed = async (name: string) => ({
  ...{ apiVersion: 'v1', kind: 'Namespace' },
  metadata: (await api.get(path('Namespace', undefined, name))).metadata,
});

/** The parts of an entry of managedFields that these tests use. */
type Manager = Fields & { manager: string; fieldsV1: Fields };

const at = (here: string, manager = 'wave-cron') => `${here}?fieldManager=${manager}`;
const referring = (...ownerReferences: Owner[]) => ({ metadata: { ownerReferences } });
const removing = (...owners: Owner[]) => ({
  metadata: { ownerReferences: owners.map(({ uid }) => ({ $patch: 'delete', uid })) },
});

function ownerOf({
  apiVersion,
  kind,
  metadata,
}: Pick<KubernetesObject, 'apiVersion' | 'kind' | 'metadata'>): Owner {
  const { name, uid = '' } = metadata;
  return { apiVersion, kind, name, uid, controller: false, blockOwnerDeletion: false };
}

const ghost = (uid: string = randomUUID()): Owner =>
  ownerOf({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: randomName('ghost'), uid },
  });
