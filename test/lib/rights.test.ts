import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { neededRights, type Right } from '../../lib/rights.ts';
import { defaultSettings, type Settings } from '../../lib/settings/schema.ts';

const lease = { namespace: 'ops', name: 'wave-cron' };

/** `get secrets @shop`, or without a namespace where it is for all. */
function rightsWith(settings: Partial<Settings>): string[] {
  return neededRights({ ...defaultSettings, ...settings }, lease).map(
    ({ verb, resource, namespace, resourceName }) =>
      `${verb} ${resource}${resourceName === undefined ? '' : `/${resourceName}`}${namespace === undefined ? '' : ` @${namespace}`}`,
  );
}

const onSources = (rights: readonly string[]): string[] =>
  rights.filter((right) => /secrets|configmaps/.test(right));

describe('the rights that settings need', () => {
  it('are by default these, in all namespaces but for the Lease', () => {
    assert.deepEqual(rightsWith({}), [
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
      'create leases @ops',
      'get leases/wave-cron @ops',
      'patch leases/wave-cron @ops',
      'create events',
      'patch events',
    ]);
  });

  it('are in the named namespaces alone, and for the named kinds alone', () => {
    assert.deepEqual(rightsWith({ namespaces: ['a', 'b'], kinds: ['DaemonSet'] }), [
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
      'create leases @ops',
      'get leases/wave-cron @ops',
      'patch leases/wave-cron @ops',
      'create events @a',
      'patch events @a',
      'create events @b',
      'patch events @b',
    ]);
  });

  it('follow the name of the Lease', () => {
    const rights = neededRights(defaultSettings, { namespace: 'x', name: 'night' });
    const named = rights.filter(({ resourceName }) => resourceName !== undefined);
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
    assert.deepEqual(onSources(rightsWith({ namespaces: ['a'], crossNamespaceReferences })), [
      'get configmaps @a',
      'get secrets @a',
      'get configmaps @shared',
      'get secrets @shared',
    ]);
    const all = rightsWith({ namespaces: ['a'], crossNamespaceReferences: ['*'] });
    assert.deepEqual(onSources(all), ['get configmaps', 'get secrets']);
    assert.ok(all.includes('list deployments @a'));
    assert.deepEqual(rightsWith({ crossNamespaceReferences }), rightsWith({}));
  });

  it('are for all namespaces with a namespaceSelector, which needs to list them', () => {
    assert.deepEqual(rightsWith({ namespaceSelector: 'team=a' }), [
      'list namespaces',
      ...rightsWith({}),
    ]);
  });

  it('never include to list or watch what workloads reference', () => {
    const everything = { namespaceSelector: 'x', crossNamespaceReferences: ['*'] };
    for (const settings of [{}, { namespaces: ['a'] }, everything]) {
      for (const right of onSources(rightsWith(settings))) assert.match(right, /^get /);
    }
  });

  it('are said quickly for a thousand namespaces', () => {
    const namespaces = Array.from({ length: 1000 }, (_, i) => `team-${i}`);
    const crossNamespaceReferences = namespaces.map((name) => `${name}-shared`);
    assert.equal(rightsWith({ namespaces, crossNamespaceReferences }).length, 13_000 + 2_000 + 3);
  });
});

/** The section of the documentation, from the data. Kinds that need the same are one row. */
function section(): string {
  const selector = { ...defaultSettings, namespaceSelector: 'any' };
  const own = neededRights(selector, { namespace: "wave-cron's own", name: 'wave-cron' });
  const rows = [...Map.groupBy(own, ({ verb, purpose }) => `${verb} ${purpose}`).values()].map(row);
  return `## The rights it needs

${['| right | needed to | without it |', '|---|---|---|', ...rows].join('\n')}

The rights on workloads, sources and events are needed in all namespaces, or with \`namespaces\` in
these alone; \`get\` on sources also in those of \`crossNamespaceReferences\`. \`kinds\` leaves out the
workloads that it does not name. No setting needs to list or watch a ConfigMap or a Secret.
\`plan\` needs no right to write, and no right on the Lease.

\`wave-cron check\` asks the API server about each of these rights for the settings that it is given,
and prints the rules that are missing. It needs no right of its own; with \`get\` on namespaces it
also tells a namespace that does not exist. It ends with status 1 where something is in the way of a
pass, and with 3 where the cluster cannot be asked.
`;
}

function row(group: readonly Right[]): string {
  const [first] = group;
  assert.ok(first !== undefined);
  const { apiGroup, verb, resourceName, purpose, without } = first;
  const resources = group.map(({ resource }) => resource).join(', ');
  const where = `${apiGroup === '' ? '' : `\`${apiGroup}\`: `}${resources}`;
  const name = resourceName === undefined ? '' : ` of the name \`${resourceName}\``;
  const only = first.resource === 'namespaces' ? ', only with `namespaceSelector`' : '';
  return `| \`${verb}\` on ${where}${name}${only} | ${purpose} | ${without.sentence} |`;
}

describe('the documentation', () => {
  it('lists the rights of the code (UPDATE=1 rewrites it)', () => {
    const file = join(import.meta.dirname, '../../docs/how-it-works.md');
    const text = readFileSync(file, 'utf8');
    const parts = text.split(/(?<=\n)(?=## )/);
    const own = parts.findIndex((part) => part.startsWith('## The rights it needs\n'));
    assert.notEqual(own, -1, 'the section is not there');
    const isLast = own === parts.length - 1;
    const wanted = parts.with(own, isLast ? section() : `${section()}\n`).join('');
    if (process.env['UPDATE'] === '1') writeFileSync(file, wanted);
    else assert.equal(text, wanted);
  });
});
