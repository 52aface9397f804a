import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Permission } from '../../../lib/permissions/permission.ts';
import {
  neededPermissions,
  permissionsWhereEnforced,
} from '../../../lib/permissions/permissions.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';
import { permissionsWith } from './permissions-with.ts';

const references = { ownership: 'references' } as const;

describe('the permissions that settings need', () => {
  it('are these by default, in all namespaces except for those on the Lease', () => {
    assert.deepEqual(permissionsWith({}), [
      'list deployments',
      'get deployments',
      'patch deployments',
      'list statefulsets',
      'get statefulsets',
      'patch statefulsets',
      'list daemonsets',
      'get daemonsets',
      'patch daemonsets',
      'get configmaps',
      'get secrets',
      'get namespaces',
      'list replicasets',
      'list controllerrevisions',
      'create leases @ops',
      'get leases/wave-cron @ops',
      'patch leases/wave-cron @ops',
      'create events',
      'patch events',
    ]);
  });

  it('are only in the named namespaces, and only for the named kinds', () => {
    assert.deepEqual(
      permissionsWith({ ...references, namespaces: ['a', 'b'], kinds: ['DaemonSet'] }),
      [
        'list daemonsets @a',
        'get daemonsets @a',
        'patch daemonsets @a',
        'list daemonsets @b',
        'get daemonsets @b',
        'patch daemonsets @b',
        'get configmaps @a',
        'get secrets @a',
        'get configmaps @b',
        'get secrets @b',
        'patch configmaps @a',
        'patch secrets @a',
        'patch configmaps @b',
        'patch secrets @b',
        'get namespaces/kube-system @kube-system',
        'get namespaces @a',
        'get namespaces @b',
        'list controllerrevisions @a',
        'list controllerrevisions @b',
        'create leases @ops',
        'get leases/wave-cron @ops',
        'patch leases/wave-cron @ops',
        'create events @a',
        'patch events @a',
        'create events @b',
        'patch events @b',
      ],
    );
  });

  it('with shards are also on the Lease of each shard, or only of this one if it is known', () => {
    const onLeases = (settings: Partial<Settings>) =>
      permissionsWith(settings).filter((permission) => permission.includes('leases'));
    assert.deepEqual(onLeases({ shard: { count: 2 } }), [
      'create leases @ops',
      'get leases/wave-cron @ops',
      'patch leases/wave-cron @ops',
      'get leases/wave-cron-0 @ops',
      'patch leases/wave-cron-0 @ops',
      'get leases/wave-cron-1 @ops',
      'patch leases/wave-cron-1 @ops',
    ]);
    assert.deepEqual(onLeases({ shard: { count: 2, index: 1 } }), [
      'create leases @ops',
      'get leases/wave-cron @ops',
      'patch leases/wave-cron @ops',
      'get leases/wave-cron-1 @ops',
      'patch leases/wave-cron-1 @ops',
    ]);
  });

  it('use the name of the Lease', () => {
    const permissions = neededPermissions(defaultSettings, { namespace: 'x', name: 'night' });
    const named = permissions.filter(({ resourceName }) => resourceName !== undefined);
    assert.deepEqual(
      named.map(({ verb, namespace, resourceName }) => [verb, namespace, resourceName]),
      [
        ['get', 'x', 'night'],
        ['patch', 'x', 'night'],
      ],
    );
  });

  it('are in all namespaces with a namespaceSelector, which needs to list namespaces', () => {
    assert.deepEqual(permissionsWith({ namespaceSelector: 'team=a' }), [
      'list namespaces',
      ...permissionsWith({}),
    ]);
  });

  it('include listing namespaces that opt in their workloads, or getting those that are named', () => {
    const none = {
      rollouts: { ...defaultSettings.rollouts, namespaceAnnotations: 'off' },
    } as const;
    const onNamespaces = (settings: Partial<Settings>) =>
      permissionsWith({ ...none, ...settings }).filter((each) => each.includes('namespaces'));
    assert.deepEqual(onNamespaces({ optIn: 'all' }), []);
    assert.deepEqual(onNamespaces({ optIn: 'namespace' }), ['list namespaces']);
    const namespaces = ['a', 'b'];
    assert.deepEqual(onNamespaces({ optIn: 'namespace', namespaces }), [
      'get namespaces @a',
      'get namespaces @b',
    ]);
    assert.deepEqual(onNamespaces({ optIn: 'annotation', namespaces }), []);
    assert.deepEqual(
      permissionsWith({ optIn: 'namespace', namespaces }),
      permissionsWith({ namespaces }),
    );
  });

  it('include listing each kind for whose names patterns are allowed', () => {
    const listed = (settings: Partial<Settings>) =>
      permissionsWith(settings).filter((each) => !permissionsWith({}).includes(each));
    assert.deepEqual(listed({ namePatterns: ['ConfigMap'] }), ['list configmaps']);
    assert.deepEqual(listed({ namePatterns: ['ConfigMap', 'Secret'] }), [
      'list configmaps',
      'list secrets',
    ]);
  });

  it('are computed quickly for a thousand namespaces', () => {
    const namespaces = Array.from({ length: 1000 }, (_, i) => `team-${i}`);
    const crossNamespaceReferences = namespaces.map((name) => `${name}-shared`);
    assert.equal(
      permissionsWith({ namespaces, crossNamespaceReferences }).length,
      16_000 + 2_000 + 3,
    );
  });
});

/** The section of the documentation, from the code. Kinds that need the same permissions share a row. */
function section(): string {
  const selector: Settings = {
    ...defaultSettings,
    namespaceSelector: 'any',
    optIn: 'namespace',
    namePatterns: ['ConfigMap', 'Secret'],
    adoption: 'if-changed',
    hashKey: 'auto',
    ownership: 'references',
    triggers: { http: {}, watch: ['ConfigMap', 'Secret', 'Workload'] },
  };
  const own = neededPermissions(selector, { namespace: "wave-cron's own", name: 'wave-cron' });
  const all = [...own, ...permissionsWhereEnforced(selector)];
  const rows = [...Map.groupBy(all, ({ verb, purpose }) => `${verb} ${purpose}`).values()].map(row);
  return `## The permissions it needs

${['| permission | needed to | without it |', '|---|---|---|', ...rows].join('\n')}

The permissions on workloads, sources, Pods and Events apply to all namespaces, or only to the namespaces in the
setting \`namespaces\`. \`get\` on sources also applies to the namespaces in \`crossNamespaceReferences\`. Only the
kinds in the setting \`kinds\` need permissions. Only the kinds in [\`triggers.watch\`](triggers.md#by-watches) need
\`watch\`, and \`list\` on ConfigMaps or Secrets. The kinds in [\`namePatterns\`](patterns.md) need \`list\` too.

Only \`hashKey: auto\` needs \`create\` on Secrets, in wave-cron's own namespace, until that Secret exists. The
[admission policies](security.md#admission-policies) limit the permission to that one Secret. The command \`plan\`
needs no write permission and no permission on the Lease.

For a workload with the annotation \`adoption: if-changed\` or \`restart: if-stale\`, wave-cron needs \`list\` on pods and
replicasets in the namespace of the workload, regardless of the settings. For a workload with the annotation
\`rollout-cooldown\`, wave-cron needs \`list\` on replicasets or controllerrevisions, even if \`rollouts.limit.count\` is 0
and \`rollouts.cooldown\` is \`0s\`. \`check\` checks these permissions only if the settings need them. If a permission is
missing, the pass reports this on the workload that it rolls.

A pass reads a namespace only if it has a hash to write there, and only to find the annotations that hold rollouts
back. With [\`optIn: namespace\`](opt-in.md), each pass also lists the namespaces. If the setting \`namespaces\` names the
namespaces, the pass gets each namespace by name instead, which needs no \`list\`. In a Role, \`get\` on namespaces allows
the account to read only the namespace of that Role.

With \`ownership: off\`, the default, wave-cron needs the permissions of ownership only to remove the owner references
and finalizers that it wrote with another value of \`ownership\`. These permissions are \`patch\` on configmaps and secrets
and, if the cluster requires it for owner references, \`delete\`. wave-cron needs these permissions until no workload has
the annotation \`owned-sources\` or the finalizer. \`check\` says when you can remove the permissions.

\`wave-cron check\` asks the API server about each of these permissions for the given settings, and prints the
missing rules. With ownership, it also tries to add an owner reference to the ConfigMap \`kube-root-ca.crt\`, as a
dry run that changes nothing. The response shows whether the cluster also requires \`delete\` on the object, and
whether the [admission policies](security.md#admission-policies) restrict the account. \`check\` needs no permission of
its own. With \`get\` on namespaces, it also reports namespaces that do not exist. It ends with status 1 if something
blocks a pass, and with status 3 if it cannot reach the cluster.
`;
}

function row(group: readonly Permission[]): string {
  const [first] = group;
  assert.ok(first !== undefined);
  const { apiGroup, verb, resourceName, purpose, without } = first;
  const resources = group.map(({ resource }) => resource).join(', ');
  const where = `${apiGroup === '' ? '' : `\`${apiGroup}\`: `}${resources}`;
  const name = resourceName === undefined ? '' : ` of the name \`${resourceName}\``;
  const only =
    first.resource === 'namespaces' && verb === 'list'
      ? ', only with `namespaceSelector` or `optIn: namespace`'
      : '';
  return `| \`${verb}\` on ${where}${name}${only} | ${purpose} | ${without.sentence} |`;
}

describe('the documentation', () => {
  it('lists the permissions of the code (UPDATE=1 rewrites it)', () => {
    const file = join(import.meta.dirname, '../../../docs/how-it-works.md');
    const text = readFileSync(file, 'utf8');
    const parts = text.split(/(?<=\n)(?=## )/);
    const own = parts.findIndex((part) => part.startsWith('## The permissions it needs\n'));
    assert.notEqual(own, -1, 'the section is not there');
    const isLast = own === parts.length - 1;
    const wanted = parts.with(own, isLast ? section() : `${section()}\n`).join('');
    if (process.env['UPDATE'] === '1') writeFileSync(file, wanted);
    else assert.equal(text, wanted);
  });
});
