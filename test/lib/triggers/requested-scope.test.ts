import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestedScope } from '../../../lib/triggers/requested-scope.ts';

const configMap = { kind: 'ConfigMap', namespace: 'a', name: 'b' };
const cloudEvent = { specversion: '1.0', id: '1', source: 'ci', type: 'changed' };

/** The scope as lists, without empty lists; or the problem. */
function scopeOf(body: unknown): unknown {
  const requested = requestedScope(body);
  if ('problem' in requested) return requested.problem;
  if (requested.scope === 'all') return 'all';
  const lists = Object.entries(requested.scope).filter(([, names]) => names.size > 0);
  return Object.fromEntries(lists.map(([part, names]) => [part, [...names]]));
}

for (const [what, body, scope] of [
  ['a source', configMap, { sources: ['ConfigMap/a/b'] }],
  ['a workload', { ...configMap, kind: 'Deployment' }, { workloads: ['Deployment/a/b'] }],
  ['a namespace', { namespace: 'a' }, { namespaces: ['a'] }],
  ['a kind in a namespace', { kind: 'Secret', namespace: 'a' }, { namespaces: ['a'] }],
  [
    'an object with metadata',
    { kind: 'Secret', metadata: { namespace: 'a', name: 'b', labels: {} } },
    { sources: ['Secret/a/b'] },
  ],
  [
    'an ExternalSecret, which writes only in its namespace',
    { kind: 'ExternalSecret', namespace: 'a', name: 'b' },
    { namespaces: ['a'] },
  ],
  [
    'an Event of Flux about a Kustomization, which may apply to any namespace',
    {
      involvedObject: { kind: 'Kustomization', namespace: 'flux-system', name: 'apps' },
      severity: 'info',
      message: 'Reconciliation finished',
    },
    'all',
  ],
  [
    'an Event about a Secret',
    { metadata: { namespace: 'x', name: 'y' }, kind: 'Event', involvedObject: configMap },
    { sources: ['ConfigMap/a/b'] },
  ],
  ['an Event of events.k8s.io', { regarding: configMap }, { sources: ['ConfigMap/a/b'] }],
  ['a CloudEvent with data', { ...cloudEvent, data: configMap }, { sources: ['ConfigMap/a/b'] }],
  [
    'a CloudEvent with a subject',
    { ...cloudEvent, subject: 'Secret/a/b.c', data: 'text' },
    { sources: ['Secret/a/b.c'] },
  ],
  ['a CloudEvent with another subject', { ...cloudEvent, subject: 'My_Repo/x/y' }, 'all'],
  ['a CloudEvent with a longer subject', { ...cloudEvent, subject: 'Secret/a/b/c' }, 'all'],
  ['a CloudEvent without an object', cloudEvent, 'all'],
  ['nothing', {}, 'all'],
  ['something else, as a CI sends it', { ref: 'refs/heads/main', name: 5 }, 'all'],
  ['an object without a namespace', { kind: 'Node', metadata: { name: 'n' } }, 'all'],
  ['names of the prototype', JSON.parse('{"__proto__":{"namespace":"a"}}'), 'all'],
  ['a list', [configMap], 'the body must be a JSON object'],
  ['no object', null, 'the body must be a JSON object'],
  [
    'a source without a namespace',
    { kind: 'Secret', name: 'b' },
    'namespace is required for this kind',
  ],
  ['a kind that is not a string', { ...configMap, kind: {} }, 'kind must be a string'],
  ['a CloudEvent without a version', { specversion: 1 }, 'specversion must be a string'],
  [
    'a namespace that cannot be',
    { namespace: '../a' },
    'namespace must be the name of a namespace',
  ],
  [
    'a namespace that is not a string',
    { namespace: 5 },
    'namespace must be the name of a namespace',
  ],
  ['a name that cannot be', { ...configMap, name: 'a/b' }, 'name must be the name of an object'],
  ['a long name', { ...configMap, name: 'a'.repeat(254) }, 'name must be the name of an object'],
] as const) {
  test(`a body with ${what} is read as ${JSON.stringify(scope)}`, () => {
    assert.deepEqual(scopeOf(body), scope);
  });
}

test('a problem quotes nothing of the body', () => {
  const text = 'a-value-that-is-secret!';
  for (const body of [
    { namespace: text },
    { ...configMap, name: text },
    { kind: [text] },
    { specversion: [text] },
  ]) {
    assert.doesNotMatch(String(scopeOf(body)), /a-value/);
  }
});
