/**
 * A pass needs exactly the permissions that `neededPermissions` lists, and reports each missing
 * permission. For each permission, a pass runs with an account that has all other permissions.
 */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import type { Permission } from '../../lib/permissions/permission.ts';
import { neededPermissions } from '../../lib/permissions/permissions.ts';
import { defaultSettings } from '../../lib/settings/schema.ts';
import { path } from '../../tools/control-plane/api.ts';
import { type AuditEntry, auditFromHere } from '../../tools/control-plane/audit.ts';
import {
  configMap,
  daemonSet,
  deployment,
  secret,
  statefulSet,
  using,
} from '../../tools/control-plane/objects.ts';
import {
  type Rule,
  randomName,
  rollouts,
  type ServiceAccount,
  serviceAccount,
  testCluster,
  testNamespace,
} from '../../tools/control-plane/testing.ts';
import { faultProxy } from '../faults/fault-proxy.ts';
import { after } from '../faults/faults.ts';
import { type Flags, nameOf, notGranted, runCheck } from '../jobs/run-check.ts';
import { runOnce } from '../jobs/run-once.ts';
import { type LogLine, runProgram } from '../jobs/run-program.ts';
import { optedIn, runPass, workloadKinds } from './run-pass.ts';

const { api, cluster } = testCluster();

const ruleFor = ({ apiGroup, resource, verb, resourceName }: Permission): Rule => ({
  apiGroups: [apiGroup],
  resources: [resource],
  verbs: [verb],
  ...(resourceName === undefined ? {} : { resourceNames: [resourceName] }),
});

const accountWith = (
  t: TestContext,
  namespace: string,
  permissions: readonly Permission[],
): Promise<ServiceAccount> =>
  serviceAccount(t, {
    namespace,
    rules: permissions.filter((permission) => permission.namespace === namespace).map(ruleFor),
    clusterRules: permissions
      .filter((permission) => permission.namespace === undefined)
      .map(ruleFor),
  });

const permissionsIn = (namespace: string): Permission[] =>
  neededPermissions(
    { ...defaultSettings, namespaces: [namespace] },
    { namespace, name: defaultSettings.lease.name },
  );

const confined = (namespace: string): Flags => ({
  namespaces: namespace,
  'lease.namespace': namespace,
});

/**
 * A namespace in which a pass needs every permission: the configuration of a workload of each kind has changed,
 * an earlier pass has recorded a warning Event, and another client writes each workload just before wave-cron
 * does.
 */
async function workForEachPermission(t: TestContext) {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  await api.create(secret({ namespace, name: 'login', data: { a: '1' } }));
  const both = using({ configMap: 'settings' }, { secret: 'login' });
  for (const make of [deployment, statefulSet, daemonSet])
    await api.create(make({ namespace, name: 'web', annotations: optedIn, pod: both }));
  const lost = using({ configMap: 'nowhere' });
  await api.create(deployment({ namespace, name: 'lost', annotations: optedIn, pod: lost }));
  await runPass(namespace);
  await api.patch(path('ConfigMap', namespace, 'settings'), { data: { a: '2' } });
  await Promise.all(workloadKinds.map((kind) => rollouts(kind, namespace, 'web')));

  for (const kind of workloadKinds) {
    const annotations = { 'wave.pusher.com/rollout-history': null };
    await api.patch(path(kind, namespace, 'web'), { metadata: { annotations } }, 'merge');
  }

  const proxy = await faultProxy(t);
  for (const kind of workloadKinds) {
    const relabel = () =>
      api.patch(path(kind, namespace, 'web'), { metadata: { labels: { by: 'somebody' } } });
    const patches = new RegExp(`/${kind.toLowerCase()}s/web\\?`);
    proxy.on('PATCH', patches, after(relabel), { times: 1 });
  }
  const flags = confined(namespace);
  const through = ({ token }: ServiceAccount) => proxy.kubeconfig({ token });
  return {
    namespace,
    once: (account: ServiceAccount) => runOnce(through(account), flags),
    /** Runs the program itself, as a person or a CronJob does. */
    program: (account: ServiceAccount) => runProgram(['once', ...inFlags(through(account), flags)]),
    check: ({ kubeconfig }: ServiceAccount) => runCheck(kubeconfig, flags),
  };
}

function inFlags(kubeconfig: string, flags: Flags): string[] {
  return Object.entries({ kubeconfig, ...flags }).map(([path, value]) => {
    const flag = path.replace('.', '-').replaceAll(/[A-Z]/g, (it) => `-${it.toLowerCase()}`);
    return `--${flag}=${value}`;
  });
}

/** The permission that a request needed. */
function needOf({ verb, objectRef }: AuditEntry) {
  assert.ok(objectRef !== undefined, `a request for no object: ${verb}`);
  const { apiGroup = '', resource, subresource, namespace, name } = objectRef;
  assert.equal(subresource, undefined);
  return { verb, apiGroup, resource, namespace, name };
}

const allows = (permission: Permission, need: ReturnType<typeof needOf>): boolean =>
  permission.verb === need.verb &&
  permission.apiGroup === need.apiGroup &&
  permission.resource === need.resource &&
  [undefined, need.namespace].includes(permission.namespace) &&
  [undefined, need.name].includes(permission.resourceName);

function assertJustThese(permissions: readonly Permission[], entries: readonly AuditEntry[]): void {
  const needs = entries.map(needOf);
  for (const need of needs)
    assert.ok(
      permissions.some((permission) => allows(permission, need)),
      `not said: ${JSON.stringify(need)}`,
    );
  for (const permission of permissions)
    assert.ok(
      needs.some((need) => allows(permission, need)),
      `never used: ${nameOf(permission)}`,
    );
}

const linesAbout = (lines: readonly LogLine[], reason: string): string[] =>
  lines
    .filter((line) => line['reason'] === reason)
    .map((line) => `${line['kind']}/${line['name']}`);

/** The result of `once` without one permission: its exit status, and the line that names the permission. */
type Told = { status: number; level: string; says: RegExp; where?: (line: LogLine) => boolean };

function expected({ verb, resource }: Permission): Told {
  const refused = `cannot ${verb} resource \\\\?"${resource}\\\\?"`;
  const kindOf = (line: LogLine) => `${String(line['kind']).toLowerCase()}s`;
  switch (`${verb} ${resource}`) {
    case 'get configmaps':
    case 'get secrets':
      return {
        status: 1,
        level: 'error',
        says: new RegExp(refused),
        where: (line) => line['reason'] === 'UnreadableSource',
      };
    case 'patch configmaps':
    case 'patch secrets':
      return {
        status: 1,
        level: 'error',
        says: new RegExp(`got no owner reference: .*${refused}.*; the hash was written: `),
        where: (line) => line['reason'] === 'Failed',
      };
    case 'get namespaces':
      return {
        status: 1,
        level: 'error',
        says: new RegExp(
          `the annotations of namespace .* could not be read, which may hold rollouts back .*${refused}`,
        ),
        where: (line) => line['reason'] === 'PolicyUnreadable',
      };
    case 'list replicasets':
    case 'list controllerrevisions':
      return {
        status: 0,
        level: 'info',
        says: new RegExp(`; how often it was restarted before is unknown: .*${refused}`),
        where: (line) =>
          line['reason'] === 'ConfigChanged' &&
          (line['kind'] === 'Deployment') === (resource === 'replicasets'),
      };
    case 'create leases':
      return {
        status: 3,
        level: 'fatal',
        says: new RegExp(`^Lease .* cannot be created: .*${refused}`),
      };
    case 'get leases':
      return {
        status: 3,
        level: 'fatal',
        says: new RegExp(`^Lease .* cannot be read: .*${refused}`),
      };
    case 'patch leases':
      return {
        status: 3,
        level: 'fatal',
        says: new RegExp(`^Lease .* cannot be written: .*${refused}`),
      };
    case 'create events':
      return {
        status: 0,
        level: 'warn',
        says: new RegExp(`^4 events could not be written: .*${refused}`),
      };
    case 'patch events':
      return {
        status: 0,
        level: 'warn',
        says: new RegExp(`^1 event could not be written: .*${refused}`),
      };
    default: {
      if (verb === 'list')
        return { status: 1, level: 'error', says: new RegExp(`could not be listed: .*${refused}`) };
      const what =
        verb === 'get'
          ? 'it could not be read again after a conflict'
          : 'the hash could not be written';
      return {
        status: 1,
        level: 'error',
        says: new RegExp(`^${what}: .*${refused}`),
        where: (line) => line['reason'] === 'Failed' && kindOf(line) === resource,
      };
    }
  }
}

/** The workloads with a changed configuration that a pass without this permission still handles. */
function unharmedWithout({ verb, resource, apiGroup }: Permission): string[] {
  if (['', 'coordination.k8s.io'].includes(apiGroup)) return [];
  const all = workloadKinds.map((kind) => `${kind}/web`);
  if (apiGroup === 'events.k8s.io') return all;
  assert.ok(['list', 'get', 'patch'].includes(verb));
  return all.filter((name) => !resource.startsWith(name.split('/', 1).join('').toLowerCase()));
}

suite('permissions', { concurrency: 4 }, () => {
  test('a pass uses exactly the permissions that are documented', async (t) => {
    const { namespace, program, check } = await workForEachPermission(t);
    const permissions = permissionsIn(namespace);
    const account = await accountWith(t, namespace, permissions);
    const found = await check(account);
    assert.deepEqual(
      [found.status, found.ok, found.problems, notGranted(found)],
      [0, true, [], []],
    );

    const audit = await auditFromHere(cluster);
    const run = await program(account);
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assertJustThese(permissions, await audit.entries({ user: account.user }));
  });

  test('with a selector and references across namespaces, too', async (t) => {
    const team = randomName('team');
    const namespace = await testNamespace(t, { team });
    const other = await testNamespace(t);
    const prefix = `${randomName('wave')}.example.com`;
    await api.create(configMap({ namespace: other, name: 'settings' }));
    await api.create(secret({ namespace: other, name: 'login' }));
    await api.create(configMap({ namespace, name: 'own' }));
    await api.create(secret({ namespace, name: 'own' }));
    const annotations = {
      [`${prefix}/update-on-config-change`]: 'true',
      [`${prefix}/extra-configmaps`]: `${other}/settings, own`,
      [`${prefix}/extra-secrets`]: `${other}/login, own`,
    };
    await api.create(deployment({ namespace, name: 'web', annotations }));

    const selector = `team=${team}`;
    const settings = {
      ...defaultSettings,
      namespaceSelector: selector,
      crossNamespaceReferences: ['*'],
    };
    const permissions = neededPermissions(settings, { namespace, name: 'wave-cron' });
    const flags = {
      namespaceSelector: selector,
      crossNamespaceReferences: '*',
      annotationPrefix: prefix,
      'lease.namespace': namespace,
    };

    const account = await accountWith(t, namespace, permissions);
    assert.deepEqual(notGranted(await runCheck(account.kubeconfig, flags)), []);
    const audit = await auditFromHere(cluster);
    const pass = await runOnce(account.kubeconfig, flags);
    assert.equal(pass.status, 0, JSON.stringify(pass.lines));
    const entries = await audit.entries({ user: account.user });
    const used = permissions.filter(
      ({ verb, resource, apiGroup }) =>
        ['namespaces', 'configmaps', 'secrets'].includes(resource) ||
        (apiGroup === 'apps' && verb === 'list' && !/replicasets|revisions/.test(resource)),
    );
    for (const need of entries.map(needOf))
      assert.ok(permissions.some((permission) => allows(permission, need)));
    for (const permission of used)
      assert.ok(
        entries.map(needOf).some((need) => allows(permission, need)),
        nameOf(permission),
      );

    const without = permissions.filter((permission) => nameOf(permission) !== 'list namespaces');
    const lesser = await accountWith(t, namespace, without);
    const found = await runCheck(lesser.kubeconfig, flags);
    assert.deepEqual([found.status, notGranted(found)], [1, ['missing: list namespaces']]);
    const refused = await runOnce(lesser.kubeconfig, flags);
    assert.equal(refused.status, 3);
    assert.match(
      refused.lines.at(-1)?.msg ?? '',
      /^the namespaces of namespaceSelector could not be listed: .*cannot list resource "namespaces"/,
    );
  });

  test('a pass that may create the Lease but not patch it says that it cannot release it', async (t) => {
    const namespace = await testNamespace(t);
    const permissions = permissionsIn(namespace).filter(
      (permission) => nameOf(permission) !== 'patch leases by name',
    );
    const { kubeconfig } = await accountWith(t, namespace, permissions);
    const { status, lines } = await runOnce(kubeconfig, confined(namespace));
    assert.equal(status, 0, JSON.stringify(lines));
    const warnings = lines.filter(({ level }) => level === 'warn');
    assert.deepEqual(
      warnings.map(({ leaseEvent }) => leaseEvent),
      ['releaseFailed'],
    );
    assert.match(warnings[0]?.msg ?? '', /could not be released.*cannot patch resource "leases"/);
  });

  for (const [i, { without, ...said }] of permissionsIn('x').entries()) {
    test(`without ${nameOf(said)}, check names it, and a pass ${without.pass} and says so`, async (t) => {
      const { namespace, once, check } = await workForEachPermission(t);
      const permissions = permissionsIn(namespace);
      const permission = permissions[i];
      assert.ok(permission !== undefined);
      const account = await accountWith(
        t,
        namespace,
        permissions.filter((it) => it !== permission),
      );
      const found = await check(account);
      assert.deepEqual([found.status, notGranted(found)], [1, [`missing: ${nameOf(permission)}`]]);
      const [problem = '', ...others] = found.problems;
      assert.deepEqual(others, []);
      assert.ok(
        problem.startsWith(`missing permission: ${permission.verb} ${permission.resource}`),
        problem,
      );
      assert.ok(problem.includes(permission.without.sentence));

      if (nameOf(permission) === 'patch leases by name') {
        // If there is no Lease, it is created with its holder, and no patch is sent.
        const metadata = { namespace, name: 'wave-cron' };
        await api.create({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata });
      }
      const run = await once(account);
      const output = JSON.stringify(run.lines);
      const {
        status,
        level,
        says,
        where = (line) => line['reason'] === undefined,
      } = expected(permission);
      assert.equal(run.status, status, output);
      assert.equal(permission.without.pass, status === 0 ? 'degrades' : 'fails');
      assert.match(permission.without.sentence, new RegExp(`exit status .*${status}`));
      const telling = run.lines.filter((line) => line.level === level && where(line));
      assert.ok(telling.length > 0, output);
      for (const { msg } of telling.slice(0, 1)) assert.match(msg, says);
      assert.deepEqual(
        linesAbout(run.lines, 'ConfigChanged').sort(),
        unharmedWithout(permission).sort(),
      );
    });
  }
});
