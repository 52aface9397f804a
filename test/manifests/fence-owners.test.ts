/**
 * Owner references under the fence: which ones the account may add and remove, and that by none of them,
 * nor by what it says of them in managedFields, anything is left to the garbage collector.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, suite, test } from 'node:test';
import pLimit from 'p-limit';
import { type Fields, type KubernetesObject, path } from '../control-plane/api.ts';
import { configMap, deployment, secret } from '../control-plane/objects.ts';
import { hasKubectl, randomName, testCluster } from '../control-plane/testing.ts';
import { accountOfSuite, assertRefused } from './fenced-account.ts';

const { api } = testCluster();
const skip = hasKubectl() ? false : 'there is no kubectl';

type Owner = Fields & { uid: string };
type Made = { readonly here: string; readonly owners: () => Promise<Owner[]> };

suite('of owner references the fence', { skip, concurrency: 4 }, () => {
  const own = accountOfSuite();
  let namespaceOwner: Owner;
  before(async () => {
    const { metadata } = await api.get(path('Namespace', undefined, own.account.namespace));
    namespaceOwner = ownerOf({ apiVersion: 'v1', kind: 'Namespace', metadata });
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

    test(`lets owner references of a ${kind} be added that keep the garbage collector away, and be removed again`, async () => {
      const { here, owners } = await source();
      const [web, other] = [await workload(), await workload()];
      await refuses('loss', put(here, [web]));
      await refuses('loss', put(here, [ghost()]));
      await own.account.api.patch(at(here), referring(web, namespaceOwner));
      await own.account.api.patch(at(here), referring(other));
      await refuses('loss', remove(here, namespaceOwner));
      await own.account.api.patch(at(here), removing(web));
      await own.account.api.patch(at(here), removing(other, namespaceOwner));
      assert.deepEqual(await owners(), []);
    });

    test(`lets of a ${kind} only workloads and its namespace be added as owners, two at a time, passive, as wave-cron`, async () => {
      const { here } = await source();
      const web = await workload();
      const added = 'owners added';
      await refuses(added, put(here, [{ ...namespaceOwner, uid: randomUUID() }]));
      await refuses(added, put(here, [{ ...namespaceOwner, name: 'default' }]));
      await refuses(added, put(here, [{ ...web, kind: 'ReplicaSet' }, namespaceOwner]));
      await refuses(added, put(here, [{ ...web, controller: true }, namespaceOwner]));
      await refuses(added, put(here, [{ ...web, blockOwnerDeletion: true }, namespaceOwner]));
      await refuses(added, put(here, [web, ghost(), namespaceOwner]));
      await refuses(added, put(here, [{ ...web, name: 'x'.repeat(300) }, namespaceOwner]));
      await refuses('claims', put(here, [web, namespaceOwner], 'somebody'));
    });

    test(`has no ${kind} left to the garbage collector by a reference under the uid of another one`, async () => {
      const { here, owners } = await source();
      const underNamespace = ghost(namespaceOwner.uid);
      const hundred = Array.from({ length: 100 }, () => ghost());
      await refuses('owners added', replace(here, [...hundred, underNamespace, namespaceOwner]));
      await refuses('owners added', replace(here, [underNamespace, namespaceOwner]));
      const web = await workload();
      await refuses('owners added', replace(here, [web, underNamespace, namespaceOwner]));
      await own.account.api.patch(at(here), referring(web, namespaceOwner));
      await refuses('owners', replace(here, [web, namespaceOwner, underNamespace]));
      await refuses('owners', replace(here, [web, namespaceOwner, ghost(web.uid)]));

      const controller = { ...(await configMapOwner()), controller: true };
      await api.patch(at(here, 'somebody'), referring(controller));
      const all = await owners();
      await refuses('claims', replace(here, [...all, ghost(controller.uid)]));
      assert.deepEqual(await owners(), all);
    });

    test(`leaves owner references that others wrote on a ${kind} as they are`, async () => {
      const { here, owners } = await source();
      const [first, web] = [await configMapOwner(), await workload()];
      await api.patch(at(here, 'somebody'), referring(first, web, namespaceOwner));
      await refuses('claims', remove(here, web));
      await refuses('claims', remove(here, namespaceOwner));
      await refuses('claims', remove(here, first));
      await refuses('claims', put(here, [{ ...first, controller: true }]));
      await refuses('claims', put(here, [{ ...web, name: 'other' }]));
      // With the namespace there, whoever wrote that, a workload may be added and removed again.
      const added = await workload();
      await own.account.api.patch(at(here), referring(added));
      await refuses('owners', put(here, [{ ...added, blockOwnerDeletion: true }]));
      await own.account.api.patch(at(here), removing(added));
      assert.deepEqual(await owners(), [first, web, namespaceOwner]);
    });

    test(`lets nobody's owner references on a ${kind} be taken for its own, or others' for nobody's`, async () => {
      const { here, owners } = await source();
      const [first, web] = [await configMapOwner(), await workload()];
      await api.patch(at(here, 'somebody'), referring(first, web, namespaceOwner));
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

      // Of nobody, while others have written other fields.
      const { fieldsV1 } = somebody;
      assert.ok(fieldsV1['f:metadata']);
      await api.patch(at(here, 'else'), { metadata: { managedFields: others } }, 'merge');
      assert.ok(!JSON.stringify(await managersOf()).includes(web.uid));
      await refuses('owners', remove(here, web));
      await refuses('owners', write([...others, { ...somebody, manager: 'wave-cron' }]));
      await refuses('claims', write([...others, somebody]));
      await refuses('owners', apply(here, kind, [web]));

      // Without managedFields nothing is tracked: then nothing of it can be removed.
      await api.patch(at(here, 'else'), { metadata: { managedFields: [{}] } }, 'merge');
      const added = await workload();
      await own.account.api.patch(at(here), referring(added));
      await refuses('owners', remove(here, added));
      await refuses('owners', remove(here, web));
      await refuses('owners', write([{ ...somebody, manager: 'wave-cron' }]));
      assert.deepEqual(await owners(), [added, first, web, namespaceOwner]);
    });
  }

  test('goes on where there are more field managers than the API server keeps apart', async () => {
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
    await own.account.api.patch(at(here), referring(added, namespaceOwner));
    await api.patch(at(here, 'one-more'), { data: { more: '1' } });
    await refuses('claims', remove(here, web));
    await own.account.api.patch(at(here), removing(added, namespaceOwner));
    const { ownerReferences } = (await api.get(here)).metadata;
    assert.deepEqual(ownerReferences, [web]);
  });

  test('costs no more than an expression may, with a thousand owners', async () => {
    const { namespace } = own.account;
    const limit = pLimit(16);
    const foreign = await Promise.all(Array.from({ length: 900 }, () => limit(configMapOwner)));
    const workloads = await Promise.all(Array.from({ length: 100 }, () => limit(workload)));
    const name = randomName('large');
    await api.create(secret({ namespace, name, data: { a: '1' } }));
    const here = path('Secret', namespace, name);
    await api.patch(at(here, 'somebody'), referring(...foreign));
    await api.patch(at(here), referring(...workloads.slice(1), namespaceOwner));
    const [last] = workloads;
    assert.ok(last);
    await own.account.api.patch(at(here), referring(last));
    const [one, two, ...more] = workloads;
    assert.ok(one && two);
    await own.account.api.patch(at(here), removing(one));
    await own.account.api.patch(at(here), removing(two));
    await own.account.api.patch(at(here), removing(...more, namespaceOwner));
    assert.equal((await api.get(here)).metadata.ownerReferences?.length, foreign.length);

    // Where nothing is tracked too.
    await api.patch(at(here, 'else'), { metadata: { managedFields: [{}] } }, 'merge');
    await own.account.api.patch(`${at(here)}&dryRun=All`, referring(last, namespaceOwner));
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

/** Of an entry of managedFields as much as is looked at here. */
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
