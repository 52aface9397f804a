import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  neededPermissions,
  type Permission,
  permissionsWhereEnforced,
} from '../../../lib/permissions/permissions.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';

const lease = { namespace: 'ops', name: 'wave-cron' };

function permissionsWith(settings: Partial<Settings>): string[] {
  return neededPermissions({ ...defaultSettings, ...settings }, lease).map(inWords);
}

/** `get secrets @shop`, or without a namespace where it is for all. */
function inWords({ verb, resource, namespace, resourceName }: Permission): string {
  const name = resourceName === undefined ? '' : `/${resourceName}`;
  return `${verb} ${resource}${name}${namespace === undefined ? '' : ` @${namespace}`}`;
}

const references = { ownership: 'references' } as const;

const onSources = (permissions: readonly string[]): string[] =>
  permissions.filter((permission) => /secrets|configmaps/.test(permission));

describe('the permissions that settings need', () => {
  it('are by default these, in all namespaces but for the Lease', () => {
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
      'list replicasets',
      'list controllerrevisions',
      'create leases @ops',
      'get leases/wave-cron @ops',
      'patch leases/wave-cron @ops',
      'create events',
      'patch events',
    ]);
  });

  it('are in the named namespaces alone, and for the named kinds alone', () => {
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

  it('include the list of revisions only with a limit of rollouts', () => {
    const revisions = ['list replicasets', 'list controllerrevisions'];
    const others = permissionsWith({}).filter((permission) => !revisions.includes(permission));
    const limit = { count: 0, period: '1h' };
    assert.deepEqual(permissionsWith({ rollouts: { ...defaultSettings.rollouts, limit } }), others);
  });

  it('include with ownership to patch sources, and to get kube-system alone', () => {
    const owned = ['patch configmaps', 'patch secrets', 'get namespaces/kube-system @kube-system'];
    for (const ownership of ['references', 'finalizer'] as const) {
      const more = permissionsWith({ ownership }).filter(
        (permission) => !permissionsWith({}).includes(permission),
      );
      assert.deepEqual(more, owned);
    }
    const one = permissionsWith({ namespaces: ['a'] });
    assert.deepEqual(onSources(one), ['get configmaps @a', 'get secrets @a']);
    assert.deepEqual(
      one.filter((permission) => permission.includes('namespaces')),
      [],
    );
  });

  it('include delete on sources only where owner references are enforced, and only with ownership', () => {
    assert.ok(!permissionsWith({}).some((permission) => permission.startsWith('delete ')));
    const enforced = (settings: Partial<Settings>) =>
      permissionsWhereEnforced({ ...defaultSettings, ...settings }).map(inWords);
    assert.deepEqual(enforced(references), ['delete configmaps', 'delete secrets']);
    assert.deepEqual(enforced({ ...references, namespaces: ['a'] }), [
      'delete configmaps @a',
      'delete secrets @a',
    ]);
    assert.deepEqual(enforced({}), []);
  });

  it('with shards are on the Lease of each as well, or of the one that this is', () => {
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

  it('follow the name of the Lease', () => {
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

  it('include the sources of other namespaces where they may be referenced', () => {
    const crossNamespaceReferences = ['a', 'shared'];
    // They are read, and never owned.
    const marking = ['patch configmaps @a', 'patch secrets @a'];
    assert.deepEqual(
      onSources(permissionsWith({ ...references, namespaces: ['a'], crossNamespaceReferences })),
      [
        'get configmaps @a',
        'get secrets @a',
        'get configmaps @shared',
        'get secrets @shared',
        ...marking,
      ],
    );
    const all = permissionsWith({
      ...references,
      namespaces: ['a'],
      crossNamespaceReferences: ['*'],
    });
    assert.deepEqual(onSources(all), ['get configmaps', 'get secrets', ...marking]);
    assert.ok(all.includes('list deployments @a'));
    assert.deepEqual(permissionsWith({ crossNamespaceReferences }), permissionsWith({}));
  });

  it('include to list Pods and ReplicaSets with adoption: if-changed or restart: if-stale alone, where the workloads are', () => {
    for (const needing of [{ adoption: 'if-changed' }, { restart: 'if-stale' }] as const) {
      // With the limit ReplicaSets are listed as well.
      const rollouts = { ...defaultSettings.rollouts, limit: { count: 0, period: '1h' } };
      const added = (settings: Partial<Settings>): string[] => {
        const without = permissionsWith({ ...settings, rollouts });
        const all = permissionsWith({ ...settings, rollouts, ...needing });
        return all.filter((permission) => !without.includes(permission));
      };
      const both = ['list pods', 'list replicasets'];
      assert.deepEqual(added({}), both);
      const namespaces = ['a', 'b'];
      const inEach = namespaces.flatMap((name) =>
        both.map((permission) => `${permission} @${name}`),
      );
      assert.deepEqual(added({ namespaces }), inEach);
      assert.deepEqual(added({ kinds: ['StatefulSet'] }), ['list pods']);
    }
    for (const other of ['stamp', 'baseline'] as const) {
      assert.deepEqual(permissionsWith({ adoption: other }), permissionsWith({}));
    }
  });

  it('include to get the Secret of hashKey by its name alone, in the namespace of the Lease or its own', () => {
    const added = (hashKey: string): string[] =>
      permissionsWith({ hashKey }).filter(
        (permission) => !permissionsWith({}).includes(permission),
      );
    assert.deepEqual(added('hash-key'), ['get secrets/hash-key @ops']);
    assert.deepEqual(added('vault/hash-key'), ['get secrets/hash-key @vault']);
    assert.deepEqual(added('vault/auto'), ['get secrets/auto @vault']);
  });

  it('include with hashKey: auto to create Secrets in the namespace of the Lease, without which a pass goes on', () => {
    const settings: Settings = { ...defaultSettings, hashKey: 'auto' };
    const added = neededPermissions(settings, lease).filter(
      (permission) => !permissionsWith({}).includes(inWords(permission)),
    );
    assert.deepEqual(added.map(inWords), [
      'get secrets/wave-cron-hash-key @ops',
      'create secrets @ops',
    ]);
    assert.deepEqual(
      added.map(({ without }) => without.pass),
      ['fails', 'degrades'],
    );
  });

  it('are for all namespaces with a namespaceSelector, which needs to list them', () => {
    assert.deepEqual(permissionsWith({ namespaceSelector: 'team=a' }), [
      'list namespaces',
      ...permissionsWith({}),
    ]);
  });

  it('never include to list or watch what workloads reference', () => {
    const everything = { namespaceSelector: 'x', crossNamespaceReferences: ['*'] };
    for (const settings of [{}, { namespaces: ['a'] }, { hashKey: 'k' }, everything]) {
      for (const permission of onSources(permissionsWith(settings)))
        assert.match(permission, /^(get|patch) /);
    }
    const auto = onSources(permissionsWith({ ...everything, hashKey: 'auto' }));
    assert.deepEqual(
      auto.filter((permission) => !/^(get|patch) /.test(permission)),
      ['create secrets @ops'],
    );
  });

  it('are said quickly for a thousand namespaces', () => {
    const namespaces = Array.from({ length: 1000 }, (_, i) => `team-${i}`);
    const crossNamespaceReferences = namespaces.map((name) => `${name}-shared`);
    assert.equal(
      permissionsWith({ namespaces, crossNamespaceReferences }).length,
      15_000 + 2_000 + 3,
    );
  });
});

/** The section of the documentation, from the data. Kinds that need the same are one row. */
function section(): string {
  const selector: Settings = {
    ...defaultSettings,
    namespaceSelector: 'any',
    adoption: 'if-changed',
    hashKey: 'auto',
    ownership: 'references',
  };
  const own = neededPermissions(selector, { namespace: "wave-cron's own", name: 'wave-cron' });
  const all = [...own, ...permissionsWhereEnforced(selector)];
  const rows = [...Map.groupBy(all, ({ verb, purpose }) => `${verb} ${purpose}`).values()].map(row);
  return `## The permissions it needs

${['| permission | needed to | without it |', '|---|---|---|', ...rows].join('\n')}

The permissions on workloads, sources, Pods and Events apply to all namespaces, or only to the namespaces in the
setting \`namespaces\`. \`get\` on sources also applies to the namespaces in \`crossNamespaceReferences\`. Only the
kinds in the setting \`kinds\` need permissions. No setting needs \`list\` or \`watch\` on ConfigMaps or Secrets.

Only \`hashKey: auto\` needs \`create\` on Secrets, in wave-cron's own namespace, until that Secret exists. The
[admission policies](security.md#admission-policies) limit it to that one Secret. \`plan\` needs no write permission
and no permission on the Lease.

A workload with the annotation \`adoption: if-changed\` or \`restart: if-stale\` needs \`list\` on pods and
replicasets in its namespace, with any settings. \`check\` does not read workloads, so it checks this
permission only if the settings need it. If it is missing, the pass says so on the workload that it rolls.

With \`ownership: off\`, the default, wave-cron needs the permissions of ownership only to remove what it wrote with
another value: \`patch\` on configmaps and secrets, and \`delete\` if the cluster enforces that. It needs them until
no workload has the annotation \`owned-sources\` or the finalizer. \`check\` says when you can remove them.

\`wave-cron check\` asks the API server about each of these permissions for the given settings, and prints the
missing rules. With ownership, it also tries to add an owner reference to the ConfigMap \`kube-root-ca.crt\`, as a
dry run that changes nothing. The answer shows whether the cluster also requires \`delete\` on the object, and whether
the [admission policies](security.md#admission-policies) restrict the account. \`check\` needs no permission of its
own. With \`get\` on namespaces, it also reports a namespace that does not exist. It ends with status 1 if something
blocks a pass, and with 3 if it cannot reach the cluster.
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
    first.resource === 'namespaces' && verb === 'list' ? ', only with `namespaceSelector`' : '';
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
