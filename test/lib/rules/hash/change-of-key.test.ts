/** The effect of a changed hash key on a workload, in any sequence of keys, changes and passes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { WorkloadObject } from '../../../../lib/kubernetes/objects.ts';
import { annotationKeysOf } from '../../../../lib/rules/annotations.ts';
import type { Proposal } from '../../../../lib/rules/decision.ts';
import { keyedDigest, plainDigest } from '../../../../lib/rules/hash/digest.ts';
import { type HashKeys, withoutKey } from '../../../../lib/rules/hash/hash-keys.ts';
import { workloadPatch } from '../../../../lib/rules/patch.ts';
import { readSource } from '../../../../lib/rules/reading.ts';
import { readWorkload } from '../../../../lib/rules/workload.ts';
import { decide } from '../decided.ts';

const annotationKeys = annotationKeysOf('wave.pusher.com');
const rules = {
  annotations: annotationKeys,
  crossNamespaceReferences: [],
  adoption: 'stamp',
} as const;

type Annotations = Record<string, string>;
type Data = { a: number; b: number; c: number | null };

/** A workload as the cluster stores it, and the passes over it. */
class Cluster {
  #own: Annotations = { [annotationKeys.updateOnConfigChange]: 'true' };
  #template: Annotations = {};
  data: Data = { a: 0, b: 0, c: null };

  pass(keys: HashKeys): { decision: Proposal; rolled: boolean } {
    const workload = readWorkload('Deployment', this.#object(), rules);
    assert.ok(workload);
    const source = (value: number) =>
      readSource('ConfigMap', { data: { value: String(value) } }, 'all', annotationKeys.ignore);
    const { a, b, c } = this.data;
    const readings = new Map([
      ['ConfigMap/shop/a', source(a)],
      ['ConfigMap/shop/b', source(b)],
      ['ConfigMap/shop/c', c === null ? ({ state: 'absent' } as const) : source(c)],
    ]);
    const decision = decide(workload, readings, keys);
    const patch = workloadPatch(workload, decision, undefined, annotationKeys) as
      | WorkloadObject
      | undefined;
    const before = JSON.stringify(this.#template);
    this.#own = merged(this.#own, patch?.metadata?.annotations);
    this.#template = merged(this.#template, patch?.spec?.template?.metadata?.annotations);
    return { decision, rolled: JSON.stringify(this.#template) !== before };
  }

  #object(): WorkloadObject {
    const envFrom = ['a', 'b', 'c'].map((name) => ({
      configMapRef: { name, optional: name === 'c' },
    }));
    return {
      metadata: { namespace: 'shop', name: 'web', annotations: this.#own, generation: 5 },
      spec: {
        template: {
          metadata: { annotations: this.#template },
          spec: { containers: [{ envFrom }] },
        },
      },
    };
  }
}

function merged(annotations: Annotations, patch: object | null | undefined): Annotations {
  const all = Object.entries({ ...annotations, ...patch }).filter(([, value]) => value !== null);
  return Object.fromEntries(all) as Annotations;
}

const digests = [plainDigest, ...[1, 2, 3].map((n) => keyedDigest(Buffer.alloc(16, n)))];

/** The keys as read from the Secret. The number 0 stands for no key. */
function keysOf(key: number, previous: number | undefined): HashKeys {
  const at = (n: number) => digests[n] ?? plainDigest;
  const before = previous === undefined || previous === 0 ? [] : [at(previous)];
  return { current: at(key), earlier: key === 0 ? before : [plainDigest, ...before] };
}

const differing = (before: Data, now: Data): string[] =>
  (['a', 'b', 'c'] as const)
    .filter((name) => before[name] !== now[name])
    .map((name) => `ConfigMap/${name}`);

const step = fc.oneof(
  fc.record({ key: fc.nat(3) }),
  fc.record({ source: fc.constantFrom('a', 'b'), value: fc.nat(2) }),
  fc.record({ optional: fc.option(fc.nat(2), { nil: null }) }),
  fc.constant('pass' as const),
);

test('no sequence of keys rolls a workload with unchanged data, if previous is the last key', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const cluster = new Cluster();
      let keys = withoutKey;
      let recordedWith = 0;
      let seen: Data | undefined;
      let next: number | undefined;
      for (const each of [...steps, 'pass' as const]) {
        if (each !== 'pass') {
          if ('key' in each) next = each.key;
          else if ('source' in each) cluster.data = { ...cluster.data, [each.source]: each.value };
          else cluster.data = { ...cluster.data, c: each.optional };
          continue;
        }
        if (next !== undefined) keys = keysOf(next, recordedWith);
        const { decision, rolled } = cluster.pass(keys);
        const changed = differing(seen ?? cluster.data, cluster.data);
        assert.equal(rolled, seen === undefined || changed.length > 0, decision.sentence);
        if (seen !== undefined) {
          assert.deepEqual([...decision.changed].sort(), changed, decision.sentence);
          if (!rolled) assert.ok(['UpToDate', 'Adopted'].includes(decision.reason));
        }
        assert.equal(cluster.pass(keys).decision.reason, 'UpToDate');
        seen = cluster.data;
        recordedWith = next ?? recordedWith;
      }
    }),
    { numRuns: 500 },
  );
});

test('a lost key costs one rollout, which is not reported as a change of every source', () => {
  const cluster = new Cluster();
  cluster.pass(keysOf(1, undefined));
  const { decision, rolled } = cluster.pass(keysOf(2, undefined));
  assert.equal(rolled, true);
  assert.deepEqual(decision.changed, []);
  assert.match(
    decision.sentence,
    /^the configuration changed \(the record was made with an unknown hash key/,
  );
  assert.equal(cluster.pass(keysOf(2, undefined)).decision.reason, 'UpToDate');
});

test('if a source appears while the key is unknown, only this source is reported', () => {
  const cluster = new Cluster();
  cluster.pass(keysOf(1, undefined));
  cluster.data = { ...cluster.data, c: 1 };
  const { decision } = cluster.pass(keysOf(2, undefined));
  assert.deepEqual(decision.changed, ['ConfigMap/c']);
});

test('the setting may be removed at once if no template was written with the key', () => {
  const cluster = new Cluster();
  cluster.pass(withoutKey);
  assert.equal(cluster.pass(keysOf(1, undefined)).decision.reason, 'Adopted');
  const { decision, rolled } = cluster.pass(withoutKey);
  assert.equal(rolled, false);
  assert.equal(decision.reason, 'UpToDate');
});

test('a restart removes the record of adoption', () => {
  const cluster = new Cluster();
  cluster.pass(withoutKey);
  cluster.pass(keysOf(1, undefined));
  cluster.data = { ...cluster.data, a: 2 };
  const { decision, rolled } = cluster.pass(keysOf(1, undefined));
  assert.equal(rolled, true);
  assert.equal(decision.sentence, 'ConfigMap/a changed');
  const after = cluster.pass(keysOf(1, undefined));
  assert.match(after.decision.sentence, /^the template carries/);
});

test('for a template whose hash was removed, earlier writes are searched under every possible key', () => {
  const cluster = new Cluster();
  const { hashAnnotations } = cluster.pass(withoutKey).decision;
  const fresh = new Cluster();
  const { earlierHashes } = fresh.pass(keysOf(1, undefined)).decision;
  assert.deepEqual(earlierHashes, [hashAnnotations?.hash]);
});
