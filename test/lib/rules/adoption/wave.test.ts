import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import { carriesHashOfWave } from '../../../../handler/reading/hash-of-wave.ts';
import type { PodSpec } from '../../../../lib/kubernetes/objects.ts';
import {
  WaveHashing,
  type WaveReference,
  waveReferences,
} from '../../../../lib/rules/adoption/wave.ts';
import { annotationKeysOf } from '../../../../lib/rules/annotations.ts';
import { withoutKey } from '../../../../lib/rules/hash/hash-keys.ts';
import { readSource, type SourceReading } from '../../../../lib/rules/reading.ts';
import { sourceKey } from '../../../../lib/rules/references.ts';
import { readWorkload } from '../../../../lib/rules/workload.ts';
import { type Vector, waveVectors } from '../../../vectors/wave/vectors.ts';
import { seen } from '../decided.ts';

const annotationKeys = annotationKeysOf('wave.pusher.com');

function readingsOf(sources: Vector['sources'], change: (name: string) => boolean = () => false) {
  return new Map(
    sources.map(({ kind, metadata, data, binaryData }) => {
      const changed = change(`${kind}/${metadata.namespace}/${metadata.name}`);
      const object = { metadata, data: changed ? { ...data, added: 'eA==' } : data, binaryData };
      const key = sourceKey({ kind, namespace: metadata.namespace, name: metadata.name });
      return [key, readSource(kind, object, 'all', annotationKeys.ignore)] as const;
    }),
  );
}

const { sources, workloads } = waveVectors();
const absent: SourceReading = { state: 'absent' };

function isHashOfWave(
  hash: string,
  references: readonly WaveReference[],
  readings: ReadonlyMap<string, SourceReading>,
): boolean {
  const hashing = new WaveHashing(references);
  for (const group of hashing.order) hashing.take(group, readings);
  return hashing.matches(hash);
}

function isWaves(
  workload: Vector['workloads'][number],
  hash: string,
  readings = readingsOf(sources),
) {
  const { template, namespace, annotations } = workload;
  const references = waveReferences(template as PodSpec, namespace, annotations, annotationKeys);
  for (const reference of references) {
    if (!readings.has(sourceKey(reference))) readings.set(sourceKey(reference), absent as never);
  }
  return isHashOfWave(hash, references, readings);
}

for (const version of ['0.11', '0.7'] as const) {
  suite(`a hash by Wave ${version} is recognized`, () => {
    for (const workload of workloads) {
      const hash = workload.hashes[version];
      if (hash === null) continue;
      test(workload.name, () => {
        assert.equal(isWaves(workload, hash), true);
        assert.equal(isWaves(workload, `0${hash.slice(1)}`), hash.startsWith('0'));
      });
    }
  });
}

test('a hash of Wave is not recognized after a source that it covers has changed', () => {
  for (const workload of workloads) {
    const hash = workload.hashes['0.11'];
    if (hash === null) continue;
    const whole = waveReferences(
      workload.template as PodSpec,
      workload.namespace,
      workload.annotations,
      annotationKeys,
    )
      .filter(({ keys }) => keys === 'all')
      .map(sourceKey);
    for (const key of new Set(whole)) {
      if (!sources.some((each) => sourceKey({ kind: each.kind, ...each.metadata }) === key))
        continue;
      assert.equal(
        isWaves(
          workload,
          hash,
          readingsOf(sources, (name) => name === key),
        ),
        false,
        `${workload.name} ${key}`,
      );
    }
  }
});

test('a hash of Wave 0.5 and 0.6 has the values of ConfigMaps as text, escaped as Go does', () => {
  const text =
    '{"configMaps":{"c":{"k":"\\u003ca\\u003e\\u0026 \\u2028 \\u0008 \\u000c \\\\b \\n \\""}},"secrets":{"s":{"p":"cA=="}}}';
  const hash = createHash('sha256').update(text).digest('hex');
  const spec = {
    containers: [{ envFrom: [{ configMapRef: { name: 'c' } }, { secretRef: { name: 's' } }] }],
  };
  const references = waveReferences(spec, 'shop', {}, annotationKeys);
  const readings = new Map([
    [
      'ConfigMap/shop/c',
      readSource(
        'ConfigMap',
        { metadata: {}, data: { k: '<a>& \u2028 \b \f \\b \n "' } },
        'all',
        annotationKeys.ignore,
      ),
    ],
    [
      'Secret/shop/s',
      readSource('Secret', { metadata: {}, data: { p: 'cA==' } }, 'all', annotationKeys.ignore),
    ],
  ]);
  assert.equal(isHashOfWave(hash, references, readings), true);
});

const container = (fields: object): PodSpec => ({ containers: [fields] });
const envOf = (kind: 'configMapKeyRef' | 'secretKeyRef', name: string, ...keys: string[]) => ({
  env: keys.map((key) => ({ name: key, valueFrom: { [kind]: { name, key, optional: true } } })),
});

/** Pod specs, each with the text that the given version of Wave hashes. */
const encodings: readonly {
  readonly what: string;
  readonly spec: PodSpec;
  readonly text: string;
}[] = [
  {
    what: 'a Secret without any of the referenced keys, in 0.7',
    spec: container(envOf('secretKeyRef', 's', 'absent')),
    text: '{"configMaps":{},"secrets":{"s":{}}}',
  },
  {
    what: 'a whole Secret without data, in 0.7',
    spec: container({ envFrom: [{ secretRef: { name: 'empty' } }] }),
    text: '{"configMaps":{},"secrets":{"empty":null}}',
  },
  {
    what: 'a Secret without data that is mentioned whole and by a key, in 0.7',
    spec: container({
      envFrom: [{ secretRef: { name: 'empty' } }],
      ...envOf('secretKeyRef', 'empty', 'absent'),
    }),
    text: '{"configMaps":{},"secrets":{"empty":null}}',
  },
  {
    what: 'a Secret whose projected items do not exist beside one without data, in 0.7',
    spec: {
      volumes: [
        {
          projected: {
            sources: [
              { secret: { name: 's', optional: true, items: [{ key: 'absent' }] } },
              { secret: { name: 'empty' } },
            ],
          },
        },
      ],
    },
    text: '{"configMaps":{},"secrets":{"empty":null,"s":{}}}',
  },
  {
    what: 'a whole ConfigMap without data, in 0.7',
    spec: container({ envFrom: [{ configMapRef: { name: 'none' } }] }),
    text: '{"configMaps":{"none":{}},"secrets":{}}',
  },
  {
    what: 'a whole ConfigMap without data, in 0.5',
    spec: container({ envFrom: [{ configMapRef: { name: 'none' } }] }),
    text: '{"configMaps":{"none":null},"secrets":{}}',
  },
  {
    what: 'a ConfigMap without any of the referenced keys, with a whole Secret without data, in 0.5',
    spec: container({
      envFrom: [{ secretRef: { name: 'empty' } }],
      ...envOf('configMapKeyRef', 'c', 'absent'),
    }),
    text: '{"configMaps":{"c":{}},"secrets":{"empty":null}}',
  },
  {
    what: 'a ConfigMap with text and binaryData, in 0.5, which knows no binaryData',
    spec: container({ envFrom: [{ configMapRef: { name: 'mixed' } }] }),
    text: '{"configMaps":{"mixed":{"t":"text"}},"secrets":{}}',
  },
  {
    what: 'a ConfigMap with only binaryData, in 0.5',
    spec: container({ envFrom: [{ configMapRef: { name: 'binary' } }] }),
    text: '{"configMaps":{"binary":null},"secrets":{}}',
  },
  {
    what: 'a projected volume and a ConfigMap, in 0.5, which knows no projected volume',
    spec: {
      ...container({ envFrom: [{ configMapRef: { name: 'c' } }] }),
      volumes: [{ projected: { sources: [{ secret: { name: 's' } }] } }],
    },
    text: '{"configMaps":{"c":{"k":"v"}},"secrets":{}}',
  },
];

test('sources in another order than in the text of Wave are an error', () => {
  const spec = container({
    envFrom: [{ configMapRef: { name: 'c' } }, { secretRef: { name: 's' } }],
  });
  const hashing = new WaveHashing(waveReferences(spec, 'shop', {}, annotationKeys));
  const [configMap, secret] = hashing.order;
  assert.ok(configMap && secret);
  hashing.take(secret, new Map());
  assert.throws(() => hashing.take(configMap, new Map()), /a kind that Wave does not know/);
});

test('an environment variable without a source, a name or a key does not name a key of a source', () => {
  const spec = container({
    env: [
      { name: 'PLAIN' },
      { name: 'NOTHING', valueFrom: {} },
      { name: 'UNNAMED', valueFrom: { configMapKeyRef: { name: '', key: 'k' } } },
      { name: 'WITHOUT_KEY', valueFrom: { configMapKeyRef: { name: 'c', key: null } } },
    ],
  });
  const found = waveReferences(spec, 'shop', {}, annotationKeys);
  assert.deepEqual(
    found.map(({ name, keys }) => [name, keys]),
    [['c', new Set([''])]],
  );
});

suite('a hash of Wave over missing data is recognized', () => {
  const objects = {
    'ConfigMap/shop/c': { data: { k: 'v' } },
    'ConfigMap/shop/none': {},
    'ConfigMap/shop/mixed': { data: { t: 'text' }, binaryData: { b: 'AP8=' } },
    'ConfigMap/shop/binary': { binaryData: { b: 'AP8=' } },
    'Secret/shop/s': { data: { k: 'dg==' } },
    'Secret/shop/empty': {},
  };
  const readings = new Map(
    Object.entries(objects).map(([key, object]) => {
      const kind = key.startsWith('Secret') ? 'Secret' : 'ConfigMap';
      return [key, readSource(kind, object, 'all', annotationKeys.ignore)] as const;
    }),
  );
  for (const { what, spec, text } of encodings) {
    test(what, () => {
      const hash = createHash('sha256').update(text).digest('hex');
      const references = waveReferences(spec, 'shop', {}, annotationKeys);
      assert.equal(isHashOfWave(hash, references, readings), true);
    });
  }
  test('and a hash over null is not, if only keys are mentioned', () => {
    const text = '{"configMaps":{},"secrets":{"s":null}}';
    const hash = createHash('sha256').update(text).digest('hex');
    const spec = container(envOf('secretKeyRef', 's', 'absent'));
    assert.equal(
      isHashOfWave(hash, waveReferences(spec, 'shop', {}, annotationKeys), readings),
      false,
    );
  });
});

test('if a source that Wave sees could not be read, no hash is recognized', async () => {
  const hash = createHash('sha256').update('{"configMaps":{},"secrets":{}}').digest('hex');
  const workload = readWorkload(
    'Deployment',
    {
      metadata: {
        name: 'web',
        namespace: 'shop',
        annotations: { [annotationKeys.updateOnConfigChange]: 'true' },
      },
      spec: {
        template: {
          metadata: { annotations: { [annotationKeys.configHash]: hash } },
          spec: { containers: [{ envFrom: [{ configMapRef: { name: 'c', optional: true } }] }] },
        },
      },
    },
    { annotations: annotationKeys, crossNamespaceReferences: [], adoption: 'stamp' },
  );
  assert.ok(workload?.configuration.kind === 'references');
  const { references } = workload.configuration;
  const isWavesWith = (reading: SourceReading) => {
    const found = seen(workload, new Map([['ConfigMap/shop/c', reading]]), withoutKey);
    return carriesHashOfWave(workload, found, references, async () => reading);
  };
  assert.equal(await isWavesWith(absent), true);
  assert.equal(await isWavesWith({ state: 'unreadable', why: 'forbidden' }), false);
  const nothing = seen(
    { ...workload, configuration: { ...workload.configuration, references: [] } },
    new Map(),
    withoutKey,
  );
  assert.equal(await carriesHashOfWave(workload, nothing, [], async () => absent), false);
});
