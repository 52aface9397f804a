/** The rules of the admission policies that are not about a single field, and the accounts that the policies ignore. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Api, type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import { configMap, deployment, secret } from '../../../tools/control-plane/objects.ts';
import { hasKubectl, randomName, testCluster } from '../../../tools/control-plane/testing.ts';
import { make } from '../../handler/ownership/stage.ts';
import { workloadKinds } from '../../handler/run-pass.ts';
import { accountOfSuite, assertRefused, type RestrictedAccount } from './account.ts';

const { api } = testCluster();
const skip = hasKubectl() ? false : 'there is no kubectl';

suite('the admission policies', { skip, concurrency: 4 }, () => {
  const own = accountOfSuite();
  const refuses = (rule: string, attempt: (api: Api) => Promise<unknown>): Promise<void> =>
    assertRefused(rule, () => attempt(own.account.api));

  for (const kind of workloadKinds) {
    test(`deny creating or deleting a ${kind}, and writing its status or scale`, async () => {
      const { namespace } = own.account;
      const object = make[kind]({ namespace, name: randomName('denied') });
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
    test(`deny creating or deleting a ${make.name}`, async () => {
      const { namespace } = own.account;
      const object = make({ namespace, name: randomName('denied'), data: { a: '1' } });
      const kind = object.kind as 'ConfigMap';
      await refuses('operation', (api) => api.create(object));
      await api.create(object);
      await refuses('operation', (api) => api.delete(path(kind, namespace, object.metadata.name)));
      await refuses('operation', (api) => api.delete(path(kind, namespace)));
    });
  }

  test('do not restrict other accounts', async () => {
    const { namespace } = own.account;
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

  test('have no warnings in their status after the type check', async () => {
    const policies = await ownPolicies(own.account);
    assert.equal(policies.length, 5);
    for (const { metadata } of policies) {
      const policy = await api.waitFor<Policy>(
        path('ValidatingAdmissionPolicy', undefined, metadata.name),
        (it) => it?.status?.observedGeneration === it?.metadata.generation,
        { what: `the type check of ${metadata.name}` },
      );
      assert.deepEqual(policy?.status?.typeChecking?.expressionWarnings ?? [], []);
    }
  });

  test('fail closed, deny, and begin each message in the same way', async () => {
    const policies = await ownPolicies(own.account);
    for (const { spec } of policies) {
      assert.equal(spec.failurePolicy, 'Fail');
      for (const { message } of spec.validations)
        assert.match(message, /^wave-cron admission policy \(/);
    }
    const bindings = await api.list<KubernetesObject>(path('ValidatingAdmissionPolicyBinding'));
    const bound = bindings.filter(({ spec }) =>
      policies.some((it) => it.metadata.name === spec?.['policyName']),
    );
    assert.equal(bound.length, 5);
    for (const { spec } of bound) assert.deepEqual(spec?.['validationActions'], ['Deny']);
  });
});

type Policy = KubernetesObject & {
  spec: { failurePolicy: string; validations: { message: string }[] };
  status?: { observedGeneration?: number; typeChecking?: { expressionWarnings?: object[] } };
};

/** The policies that are bound to this account. */
async function ownPolicies({ name }: RestrictedAccount): Promise<Policy[]> {
  const suffix = name.replace(/^wave-cron/, '');
  const policies = await api.list<Policy>(path('ValidatingAdmissionPolicy'));
  return policies.filter(({ metadata }) => metadata.name.endsWith(suffix));
}
