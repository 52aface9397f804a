import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PodSpec } from '../../../lib/kubernetes/objects.ts';
import { joinMentions, mentionsIn, type Reference } from '../../../lib/rules/references.ts';

function referencesIn(spec: PodSpec): Reference[] {
  return joinMentions(mentionsIn(spec, 'shop'));
}

function one(spec: PodSpec): Reference {
  const [reference, ...others] = referencesIn(spec);
  assert.ok(reference);
  assert.deepEqual(others, []);
  return reference;
}

describe('the references of a pod template', () => {
  const places: readonly [string, PodSpec, Partial<Reference>][] = [
    [
      'a key of a ConfigMap in env',
      {
        containers: [
          { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } }] },
        ],
      },
      { kind: 'ConfigMap', name: 'c', keys: new Set(['k']), required: true },
    ],
    [
      'an optional key of a Secret in env',
      {
        containers: [
          {
            env: [
              { name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } },
            ],
          },
        ],
      },
      { kind: 'Secret', name: 's', keys: new Set(['k']), required: false, requiredKeys: new Set() },
    ],
    [
      'a whole ConfigMap in envFrom',
      { containers: [{ envFrom: [{ configMapRef: { name: 'c' } }] }] },
      { kind: 'ConfigMap', name: 'c', keys: 'all', required: true },
    ],
    [
      'a whole Secret in envFrom of an init container',
      { initContainers: [{ envFrom: [{ secretRef: { name: 's', optional: true } }] }] },
      { kind: 'Secret', name: 's', keys: 'all', required: false },
    ],
    [
      'a ConfigMap volume',
      { volumes: [{ name: 'v', configMap: { name: 'c' } }] },
      { kind: 'ConfigMap', name: 'c', keys: 'all', required: true },
    ],
    [
      'a Secret volume with items',
      {
        volumes: [{ name: 'v', secret: { secretName: 's', items: [{ key: 'a' }, { key: 'b' }] } }],
      },
      { kind: 'Secret', name: 's', keys: new Set(['a', 'b']), requiredKeys: new Set(['a', 'b']) },
    ],
    [
      'a projected ConfigMap',
      { volumes: [{ name: 'v', projected: { sources: [{ configMap: { name: 'c' } }] } }] },
      { kind: 'ConfigMap', name: 'c', keys: 'all' },
    ],
    [
      'a projected Secret with items',
      {
        volumes: [
          { name: 'v', projected: { sources: [{ secret: { name: 's', items: [{ key: 'a' }] } }] } },
        ],
      },
      { kind: 'Secret', name: 's', keys: new Set(['a']) },
    ],
  ];
  for (const [place, spec, expected] of places) {
    it(`include ${place}`, () => {
      const reference = one(spec);
      for (const [field, value] of Object.entries(expected)) {
        assert.deepEqual(reference[field as keyof Reference], value, field);
      }
      assert.equal(reference.namespace, 'shop');
    });
  }

  it('do not include image pull secrets, service account tokens and storage credentials', () => {
    const spec = {
      imagePullSecrets: [{ name: 'pull' }],
      serviceAccountName: 'x',
      containers: [
        {
          env: [
            { name: 'A', value: 'plain' },
            { name: 'B', valueFrom: { fieldRef: {} } },
          ],
        },
      ],
      volumes: [
        { name: 'a', csi: { driver: 'd', nodePublishSecretRef: { name: 's' } } },
        { name: 'b', cephfs: { monitors: [], secretRef: { name: 's' } } },
        { name: 'c', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
      ],
    };
    assert.deepEqual(referencesIn(spec as unknown as PodSpec), []);
  });

  it('are none for an object with null or missing fields', () => {
    assert.deepEqual(referencesIn({}), []);
    assert.deepEqual(
      referencesIn({
        containers: [{ env: null, envFrom: null }, {}],
        initContainers: null,
        volumes: [{ configMap: { name: null } }, { projected: { sources: null } }],
      }),
      [],
    );
  });
});

describe('several references to one source', () => {
  const key = (name: string, optional?: boolean) => ({
    name: 'A',
    valueFrom: { configMapKeyRef: { name: 'c', key: name, ...(optional ? { optional } : {}) } },
  });

  it('join to all keys if one of them uses all', () => {
    const reference = one({
      containers: [{ env: [key('a')], envFrom: [{ configMapRef: { name: 'c' } }] }],
    });
    assert.equal(reference.keys, 'all');
    assert.deepEqual(reference.requiredKeys, new Set(['a']));
  });

  it('join to the union of their keys', () => {
    assert.deepEqual(
      one({ containers: [{ env: [key('a'), key('b')] }] }).keys,
      new Set(['a', 'b']),
    );
  });

  it('are required if one of them is required', () => {
    assert.equal(one({ containers: [{ env: [key('a', true), key('b')] }] }).required, true);
    assert.equal(one({ containers: [{ env: [key('a', true), key('b', true)] }] }).required, false);
  });

  it('only require the keys that a required reference names', () => {
    const reference = one({ containers: [{ env: [key('a', true), key('b')] }] });
    assert.deepEqual(reference.requiredKeys, new Set(['b']));
  });

  it('stay separate for a ConfigMap and a Secret of the same name', () => {
    const references = referencesIn({
      containers: [{ envFrom: [{ configMapRef: { name: 'x' } }, { secretRef: { name: 'x' } }] }],
    });
    assert.deepEqual(
      references.map(({ kind }) => kind),
      ['ConfigMap', 'Secret'],
    );
  });
});
