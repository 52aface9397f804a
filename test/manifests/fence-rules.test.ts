/** The rules of the fence that no single field says, and whom it leaves alone. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type Api, type Fields, type KubernetesObject, path } from '../control-plane/api.ts';
import { configMap, deployment, secret } from '../control-plane/objects.ts';
import { hasKubectl, randomName, testCluster } from '../control-plane/testing.ts';
import { make } from '../handler/ownership/stage.ts';
import { type EventObject, workloadKinds } from '../handler/run-pass.ts';
import { type FencedAccount, fencedAccount, refusedBy } from './fenced-account.ts';

const { api } = testCluster();
const skip = hasKubectl() ? false : 'there is no kubectl';

type Owner = Fields & { uid: string };

suite('the fence', { skip, concurrency: 4 }, () => {
  let account: FencedAccount;
  let namespaceOwner: Owner;
  const cleanups: (() => unknown)[] = [];
  before(async () => {
    const atTheEnd = { after: (cleanup: () => unknown) => cleanups.push(cleanup) };
    account = await fencedAccount(atTheEnd, { wide: true });
    const { metadata } = await api.get(path('Namespace', undefined, account.namespace));
    namespaceOwner = {
      ...{ apiVersion: 'v1', kind: 'Namespace', name: metadata.name, uid: metadata.uid ?? '' },
      ...{ controller: false, blockOwnerDeletion: false },
    };
  });
  after(async () => {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  });

  const refuses = async (rule: string, attempt: (api: Api) => Promise<unknown>): Promise<void> => {
    const refusal = (await refusedBy(() => attempt(account.api))) ?? 'let through';
    assert.ok(refusal.includes(`the fence of wave-cron (${rule}): it may `), refusal);
  };

  for (const kind of workloadKinds) {
    test(`refuses to create or delete a ${kind}, or to write its status or scale`, async () => {
      const { namespace } = account;
      const object = make[kind]({ namespace, name: randomName('fenced') });
      const here = path(kind, namespace, object.metadata.name);
      await refuses('operation', (api) => api.create(object));
      await api.create(object);
      await refuses('operation', (api) => api.delete(here));
      await refuses('operation', (api) => api.delete(path(kind, namespace)));
      const status = { status: { observedGeneration: 7 } };
      await refuses('operation', (api) => api.patch(`${here}/status`, status, 'merge'));
      if (kind !== 'DaemonSet') {
        const scale = { spec: { replicas: 3 } };
        await refuses('operation', (api) => api.patch(`${here}/scale`, scale, 'merge'));
      }
    });
  }

  for (const make of [configMap, secret]) {
    test(`refuses to create or delete a ${make.name}`, async () => {
      const { namespace } = account;
      const object = make({ namespace, name: randomName('fenced'), data: { a: '1' } });
      const kind = object.kind as 'ConfigMap';
      await refuses('operation', (api) => api.create(object));
      await api.create(object);
      await refuses('operation', (api) => api.delete(path(kind, namespace, object.metadata.name)));
      await refuses('operation', (api) => api.delete(path(kind, namespace)));
    });

    test(`keeps the garbage collector away from a ${make.name}`, async () => {
      const { namespace } = account;
      const workload = await api.create(deployment({ namespace, name: randomName('fenced') }));
      const workloadOwner: Owner = {
        ...{ apiVersion: 'apps/v1', kind: 'Deployment', name: workload.metadata.name },
        ...{ uid: workload.metadata.uid ?? '', controller: false, blockOwnerDeletion: false },
      };
      const other = { ...workloadOwner, uid: '00000000-0000-0000-0000-000000000001' };
      const object = make({ namespace, name: randomName('fenced'), data: { a: '1' } });
      await api.create(object);
      const here = path(object.kind as 'ConfigMap', namespace, object.metadata.name);
      const patch = (by: Api, ownerReferences: object[], manager = 'wave-cron') =>
        by.patch(`${here}?fieldManager=${manager}`, { metadata: { ownerReferences } });
      const add =
        (...owners: object[]) =>
        (by: Api) =>
          patch(by, owners);
      const remove = (...owners: Owner[]) =>
        add(...owners.map(({ uid }) => ({ $patch: 'delete', uid })));

      // An owner that does not exist is a death sentence, where it is the only one.
      await refuses('loss', add(other));
      await refuses('loss', add(workloadOwner));
      await refuses('owners added', add({ ...namespaceOwner, uid: other.uid }));
      await refuses('owners added', add({ ...namespaceOwner, name: 'default' }));
      const replicaSet = { ...workloadOwner, kind: 'ReplicaSet' };
      await refuses('owners added', add(replicaSet, namespaceOwner));
      const controlling = { ...workloadOwner, controller: true };
      await refuses('owners added', add(controlling, namespaceOwner));
      const blocking = { ...workloadOwner, blockOwnerDeletion: true };
      await refuses('owners added', add(blocking, namespaceOwner));
      await refuses('claims', (by) => patch(by, [workloadOwner, namespaceOwner], 'somebody'));

      await patch(account.api, [workloadOwner, namespaceOwner]);
      await refuses('loss', remove(namespaceOwner));
      const forged = {
        manager: 'somebody',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:ownerReferences': { [`k:{"uid":"${workloadOwner.uid}"}`]: {} } },
        },
      };
      await refuses('claims', async (by) => {
        const { managedFields } = (await api.get(here)).metadata;
        const entries = [...(managedFields as object[]), forged];
        return by.patch(here, { metadata: { managedFields: entries } }, 'merge');
      });
      await patch(account.api, [{ $patch: 'delete', uid: workloadOwner.uid }]);
      await patch(account.api, [{ $patch: 'delete', uid: namespaceOwner.uid }]);
      assert.equal((await api.get(here)).metadata.ownerReferences, undefined);

      // What others made an owner stays one, unless it is a workload.
      // It has to be there: the garbage collector takes an owner that is not off the others.
      const { metadata } = await api.create<KubernetesObject>(
        configMap({ namespace, name: randomName('owner'), data: {} }),
      );
      const named = { kind: 'ConfigMap', name: metadata.name, uid: metadata.uid ?? '' };
      const foreign = { ...workloadOwner, apiVersion: 'v1', ...named };
      await patch(api, [foreign, namespaceOwner], 'somebody');
      await refuses('owners removed', remove(foreign));
      // Where somebody else made the workload an owner, it was so before wave-cron came.
      await patch(api, [workloadOwner], 'somebody');
      await patch(account.api, [{ $patch: 'delete', uid: namespaceOwner.uid }]);
    });
  }

  test('lets events of wave-cron about workloads be told and continued, and no others', async () => {
    const { namespace } = account;
    const own = eventOf(namespace);
    const here = path('Event', namespace, own.metadata.name);
    await account.api.create(own);
    const series = { series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' } };
    await account.api.patch(here, {}, 'merge');
    await account.api.patch(here, series, 'merge');
    // In the older of the two API groups that events are in, an event can be rewritten.
    const older = here.replace('/apis/events.k8s.io/v1', '/api/v1');
    for (const change of [{ reason: 'Other' }, { message: 'other' }, { type: 'Warning' }])
      await refuses('events', (by) => by.patch(older, change, 'merge'));
    const labels = { metadata: { labels: { a: 'b' } } };
    await refuses('events', (by) => by.patch(here, labels, 'merge'));
    await refuses('events', (by) => by.delete(here));

    const foreign = { ...eventOf(namespace), reportingController: 'kubelet' };
    const { regarding } = own;
    const about = {
      ...eventOf(namespace),
      regarding: { ...regarding, apiVersion: 'v1', kind: 'Node' },
    };
    for (const event of [foreign, about]) {
      await refuses('events', (by) => by.create(event));
      await api.create(event);
      await refuses('events', (by) =>
        by.patch(path('Event', namespace, event.metadata.name), series, 'merge'),
      );
    }
  });

  test('is silent about everybody else, also where they do what it forbids', async () => {
    const { namespace } = account;
    const name = randomName('free');
    await api.create(deployment({ namespace, name }));
    await api.patch(path('Deployment', namespace, name), { spec: { replicas: 1 } });
    await api.patch(
      `${path('Deployment', namespace, name)}/scale`,
      { spec: { replicas: 0 } },
      'merge',
    );
    await api.delete(path('Deployment', namespace, name));
    await api.create(secret({ namespace, name, data: { a: '1' } }));
    await api.patch(path('Secret', namespace, name), { stringData: { a: '2' } });
    await api.delete(path('Secret', namespace, name));
  });

  test('has no warning in the status of its policies, once they were checked against the types', async () => {
    const policies = await fencePolicies(account);
    assert.equal(policies.length, 3);
    for (const { metadata } of policies) {
      const policy = await api.waitFor<Policy>(
        path('ValidatingAdmissionPolicy', undefined, metadata.name),
        (it) => it?.status?.observedGeneration === it?.metadata.generation,
        { what: `the type check of ${metadata.name}` },
      );
      assert.deepEqual(policy?.status?.typeChecking?.expressionWarnings ?? [], []);
    }
  });

  test('fails closed, denies, and names itself in each message', async () => {
    const policies = await fencePolicies(account);
    for (const { spec } of policies) {
      assert.equal(spec.failurePolicy, 'Fail');
      for (const { message } of spec.validations)
        assert.match(message, /^the fence of wave-cron \(/);
    }
    const bindings = await api.list<KubernetesObject>(path('ValidatingAdmissionPolicyBinding'));
    const own = bindings.filter(({ spec }) =>
      policies.some((it) => it.metadata.name === spec?.['policyName']),
    );
    assert.equal(own.length, 3);
    for (const { spec } of own) assert.deepEqual(spec?.['validationActions'], ['Deny']);
  });
});

type Policy = KubernetesObject & {
  spec: { failurePolicy: string; validations: { message: string }[] };
  status?: { observedGeneration?: number; typeChecking?: { expressionWarnings?: object[] } };
};

/** Those that are bound to this account. */
async function fencePolicies({ name }: FencedAccount): Promise<Policy[]> {
  const suffix = name.replace(/^wave-cron/, '');
  const policies = await api.list<Policy>(path('ValidatingAdmissionPolicy'));
  return policies.filter(({ metadata }) => metadata.name.endsWith(suffix));
}

function eventOf(namespace: string): EventObject {
  return {
    ...{ apiVersion: 'events.k8s.io/v1', kind: 'Event' },
    metadata: { namespace, name: randomName('event') },
    ...{ eventTime: '2026-01-01T00:00:00.000000Z', type: 'Normal', reason: 'FirstSeen' },
    ...{
      action: 'WriteHash',
      note: 'a note',
      reportingController: 'wave-cron',
      reportingInstance: 'x',
    },
    regarding: { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web', uid: 'u' },
  } as EventObject;
}
