/**
 * The rights that a pass is said to need are those that it uses, and a pass that is refused one of
 * them says so. Each is taken away once, from an account that has just the others.
 */
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { neededRights, type Right } from '../../lib/permissions/permissions.ts';
import { defaultSettings } from '../../lib/settings/schema.ts';
import { path } from '../../tools/control-plane/api.ts';
import { type AuditEntry, auditFromHere } from '../../tools/control-plane/audit.ts';
import {
  configMap,
  daemonSet,
  deployment,
  secret,
  statefulSet,
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

const ruleFor = ({ apiGroup, resource, verb, resourceName }: Right): Rule => ({
  apiGroups: [apiGroup],
  resources: [resource],
  verbs: [verb],
  ...(resourceName === undefined ? {} : { resourceNames: [resourceName] }),
});

const accountWith = (
  t: TestContext,
  namespace: string,
  rights: readonly Right[],
): Promise<ServiceAccount> =>
  serviceAccount(t, {
    namespace,
    rules: rights.filter((right) => right.namespace === namespace).map(ruleFor),
    clusterRules: rights.filter((right) => right.namespace === undefined).map(ruleFor),
  });

const rightsIn = (namespace: string): Right[] =>
  neededRights(
    { ...defaultSettings, namespaces: [namespace] },
    { namespace, name: defaultSettings.lease.name },
  );

const confined = (namespace: string): Flags => ({
  namespaces: namespace,
  'lease.namespace': namespace,
});

/**
 * A namespace with work that needs every right: a changed configuration for each kind, a workload
 * whose trouble was told by an earlier pass, and somebody who writes to each workload just before
 * wave-cron does.
 */
async function workForEachRight(t: TestContext) {
  const namespace = await testNamespace(t);
  await api.create(configMap({ namespace, name: 'settings', data: { a: '1' } }));
  await api.create(secret({ namespace, name: 'login', data: { a: '1' } }));
  const uses = (...envFrom: object[]) => ({
    containers: [{ name: 'main', image: 'example.com/main:1', envFrom }],
  });
  const both = uses({ configMapRef: { name: 'settings' } }, { secretRef: { name: 'login' } });
  for (const make of [deployment, statefulSet, daemonSet])
    await api.create(make({ namespace, name: 'web', annotations: optedIn, pod: both }));
  const lost = uses({ configMapRef: { name: 'nowhere' } });
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
    /** As a person or a CronJob runs it. */
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

/** What a request needed, as rights say it. */
function needOf({ verb, objectRef }: AuditEntry) {
  assert.ok(objectRef !== undefined, `a request for no object: ${verb}`);
  const { apiGroup = '', resource, subresource, namespace, name } = objectRef;
  assert.equal(subresource, undefined);
  return { verb, apiGroup, resource, namespace, name };
}

const allows = (right: Right, need: ReturnType<typeof needOf>): boolean =>
  right.verb === need.verb &&
  right.apiGroup === need.apiGroup &&
  right.resource === need.resource &&
  [undefined, need.namespace].includes(right.namespace) &&
  [undefined, need.name].includes(right.resourceName);

function assertJustThese(rights: readonly Right[], entries: readonly AuditEntry[]): void {
  const needs = entries.map(needOf);
  for (const need of needs)
    assert.ok(
      rights.some((right) => allows(right, need)),
      `not said: ${JSON.stringify(need)}`,
    );
  for (const right of rights)
    assert.ok(
      needs.some((need) => allows(right, need)),
      `never used: ${nameOf(right)}`,
    );
}

const linesAbout = (lines: readonly LogLine[], reason: string): string[] =>
  lines
    .filter((line) => line['reason'] === reason)
    .map((line) => `${line['kind']}/${line['name']}`);

/** What `once` says without one right: its status, and the line that tells the right. */
type Told = { status: number; level: string; says: RegExp; where?: (line: LogLine) => boolean };

function expected({ verb, resource }: Right): Told {
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
        says: new RegExp(
          `could not be marked: .*${refused}.*; the hash was written all the same: `,
        ),
        where: (line) => line['reason'] === 'Failed',
      };
    case 'get namespaces':
      return {
        status: 1,
        level: 'error',
        says: new RegExp(
          `could not be marked, since namespace .* could not be read: .*${refused}.*; the hash was written all the same: `,
        ),
        where: (line) => line['reason'] === 'Failed',
      };
    case 'list replicasets':
    case 'list controllerrevisions':
      return {
        status: 0,
        level: 'info',
        says: new RegExp(`; how often it was rolled before is not known: .*${refused}`),
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

/** The workloads of a changed configuration with which nothing goes wrong. */
function unharmedWithout({ verb, resource, apiGroup }: Right): string[] {
  if (['', 'coordination.k8s.io'].includes(apiGroup)) return [];
  const all = workloadKinds.map((kind) => `${kind}/web`);
  if (apiGroup === 'events.k8s.io') return all;
  assert.ok(['list', 'get', 'patch'].includes(verb));
  return all.filter((name) => !resource.startsWith(name.split('/', 1).join('').toLowerCase()));
}

suite('rights', { concurrency: 4 }, () => {
  test('a pass uses all that it is said to need, and nothing else', async (t) => {
    const { namespace, program, check } = await workForEachRight(t);
    const rights = rightsIn(namespace);
    const account = await accountWith(t, namespace, rights);
    const found = await check(account);
    assert.deepEqual(
      [found.status, found.ok, found.problems, notGranted(found)],
      [0, true, [], []],
    );

    const audit = await auditFromHere(cluster);
    const run = await program(account);
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assertJustThese(rights, await audit.entries({ user: account.user }));
  });

  test('with a selector and references across namespaces too', async (t) => {
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
    const rights = neededRights(settings, { namespace, name: 'wave-cron' });
    const flags = {
      namespaceSelector: selector,
      crossNamespaceReferences: '*',
      annotationPrefix: prefix,
      'lease.namespace': namespace,
    };

    const account = await accountWith(t, namespace, rights);
    assert.deepEqual(notGranted(await runCheck(account.kubeconfig, flags)), []);
    const audit = await auditFromHere(cluster);
    const pass = await runOnce(account.kubeconfig, flags);
    assert.equal(pass.status, 0, JSON.stringify(pass.lines));
    const entries = await audit.entries({ user: account.user });
    const used = rights.filter(
      ({ verb, resource, apiGroup }) =>
        ['namespaces', 'configmaps', 'secrets'].includes(resource) ||
        (apiGroup === 'apps' && verb === 'list' && !/replicasets|revisions/.test(resource)),
    );
    for (const need of entries.map(needOf)) assert.ok(rights.some((right) => allows(right, need)));
    for (const right of used)
      assert.ok(
        entries.map(needOf).some((need) => allows(right, need)),
        nameOf(right),
      );

    const without = rights.filter((right) => nameOf(right) !== 'list namespaces');
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

  test('a pass that may make the Lease but not write to it says that it cannot give it back', async (t) => {
    const namespace = await testNamespace(t);
    const rights = rightsIn(namespace).filter((right) => nameOf(right) !== 'patch leases by name');
    const { kubeconfig } = await accountWith(t, namespace, rights);
    const { status, lines } = await runOnce(kubeconfig, confined(namespace));
    assert.equal(status, 0, JSON.stringify(lines));
    const warnings = lines.filter(({ level }) => level === 'warn');
    assert.deepEqual(
      warnings.map(({ leaseEvent }) => leaseEvent),
      ['releaseFailed'],
    );
    assert.match(warnings[0]?.msg ?? '', /could not be released.*cannot patch resource "leases"/);
  });

  for (const [i, { without, ...said }] of rightsIn('x').entries()) {
    test(`without ${nameOf(said)} check names it, and a pass ${without.pass} and says so`, async (t) => {
      const { namespace, once, check } = await workForEachRight(t);
      const rights = rightsIn(namespace);
      const right = rights[i];
      assert.ok(right !== undefined);
      const account = await accountWith(
        t,
        namespace,
        rights.filter((it) => it !== right),
      );
      const found = await check(account);
      assert.deepEqual([found.status, notGranted(found)], [1, [`missing: ${nameOf(right)}`]]);
      const [problem = '', ...others] = found.problems;
      assert.deepEqual(others, []);
      assert.ok(problem.startsWith(`missing right: ${right.verb} ${right.resource}`), problem);
      assert.ok(problem.includes(right.without.sentence));

      if (nameOf(right) === 'patch leases by name') {
        // Where there is none it is made with its holder, which needs no patch.
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
      } = expected(right);
      assert.equal(run.status, status, output);
      assert.equal(right.without.pass, status === 0 ? 'degrades' : 'fails');
      assert.match(right.without.sentence, new RegExp(`exit status .*${status}`));
      const telling = run.lines.filter((line) => line.level === level && where(line));
      assert.ok(telling.length > 0, output);
      for (const { msg } of telling.slice(0, 1)) assert.match(msg, says);
      assert.deepEqual(
        linesAbout(run.lines, 'ConfigChanged').sort(),
        unharmedWithout(right).sort(),
      );
    });
  }
});
