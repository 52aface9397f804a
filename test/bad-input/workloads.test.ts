/** Workloads with forged annotations or null fields, as they exist in old clusters. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import { annotationKeysOf } from '../../lib/rules/annotations.ts';
import type { Proposal } from '../../lib/rules/decision.ts';
import { withoutKey } from '../../lib/rules/hash/hash-keys.ts';
import { parseRecord } from '../../lib/rules/ownership/record.ts';
import { workloadPatch } from '../../lib/rules/patch.ts';
import { sourceKey } from '../../lib/rules/references.ts';
import { readAnyWorkload } from '../../lib/rules/workload.ts';
import { decide } from '../lib/rules/decided.ts';

const keys = annotationKeysOf('wave.pusher.com', ['reloader']);
const rules = { annotations: keys, crossNamespaceReferences: ['*'], adoption: 'stamp' } as const;
const hash = 'a'.repeat(64);

const key = fc.constantFrom(
  '__proto__',
  'constructor',
  'toString',
  'ConfigMap/c',
  'key',
  'sources',
  '*',
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, 0, -1, 1e308, hash, '', '-', 'ConfigMap/c', '__proto__'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((pairs) => ({
      toJSON: () => undefined,
      pairs,
    })),
  ),
})).value;

/** JSON with keys that an object literal cannot have, such as `__proto__`. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
  if (typeof value === 'object' && value !== null && 'pairs' in value) {
    const pairs = value.pairs as [string, unknown][];
    return `{${pairs.map(([name, each]) => `${JSON.stringify(name)}:${textOf(each)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

const lie = fc.oneof(
  json.map(textOf),
  json.map((value) => `{"template":"${hash}","config":"${hash}","sources":${textOf(value)}}`),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    'true',
    'false',
    ',',
    '/',
    '..',
    'a/b/c',
    '../../nodes',
    '{',
    '['.repeat(9000),
  ),
  fc.constantFrom('x', ',', 'a,', '"', '\u{1F600}', '\u0000').map((piece) => piece.repeat(60_000)),
);
const lies = fc.dictionary(
  fc.constantFrom(
    ...Object.values(keys).filter((name): name is string => typeof name === 'string'),
    '__proto__',
    'constructor',
  ),
  lie,
  { maxKeys: 8 },
);

const spec = {
  selector: { matchLabels: { app: 'web' } },
  template: {
    metadata: { labels: { app: 'web' } },
    spec: {
      containers: [
        {
          name: 'main',
          env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c', key: '__proto__' } } }],
          envFrom: [{ secretRef: { name: 's' } }],
        },
      ],
      volumes: [
        { name: 'v', projected: { sources: [{ secret: { name: 's', items: [{ key: 'k' }] } }] } },
      ],
    },
  },
};

/** All variants in which one field is null or missing. The API does not allow null in a list. */
function withGaps(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    return value.flatMap((inner, at) => withGaps(inner).map((other) => value.with(at, other)));
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    [null, undefined, ...withGaps(inner)].map((other) => ({ ...value, [name]: other })),
  );
}

function decided(object: WorkloadObject): Proposal {
  const workload = readAnyWorkload('Deployment', object, rules);
  const { configuration } = workload;
  const references = configuration.kind === 'references' ? configuration.references : [];
  const readings = new Map(
    references.map((each) => [sourceKey(each), { state: 'absent' } as const]),
  );
  parseRecord(workload.ownership.record);
  const decision = decide(workload, readings, withoutKey);
  workloadPatch(workload, decision, undefined, keys);
  return decision;
}

const optedIn = { [keys.updateOnConfigChange]: 'true' };

test('forged annotations lead to a decision about their workload, never to an exception', () => {
  fc.assert(
    fc.property(lies, lies, (own, template) => {
      const { sentence } = decided({
        metadata: { name: 'web', namespace: 'shop', annotations: { ...optedIn, ...own } },
        spec: { ...spec, template: { ...spec.template, metadata: { annotations: template } } },
      });
      assert.ok(sentence.length < 20_000, String(sentence.length));
      assert.ok(!/\p{Cc}/u.test(sentence), sentence.slice(0, 200));
    }),
    { numRuns: 400 },
  );
  assert.equal(Object.getOwnPropertyNames(Object.prototype).includes('pairs'), false);
});

test('a workload in which any field is null or missing gets a decision', () => {
  const whole = { metadata: { name: 'web', namespace: 'shop', annotations: optedIn }, spec };
  const gaps = withGaps(whole) as WorkloadObject[];
  assert.ok(gaps.length > 50);
  for (const object of gaps) {
    assert.doesNotThrow(() => decided(object), JSON.stringify(object));
  }
});
