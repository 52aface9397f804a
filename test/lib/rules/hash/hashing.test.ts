import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalText, type HashEntry } from '../../../../lib/rules/hash/config-hash.ts';
import { keyedDigest, plainDigest } from '../../../../lib/rules/hash/digest.ts';
import { withoutKey } from '../../../../lib/rules/hash/hash-keys.ts';
import { Hashing } from '../../../../lib/rules/hash/hashing.ts';
import { readSource, type SourceReading } from '../../../../lib/rules/reading.ts';
import { type Reference, sourceKey } from '../../../../lib/rules/references.ts';

const workload = {
  namespace: 'shop',
  template: { hash: undefined, sources: undefined },
  adopted: undefined,
};

const reference = fc
  .record({
    kind: fc.constantFrom('ConfigMap' as const, 'Secret' as const),
    namespace: fc.constantFrom('shop', 'shared'),
    name: fc.constantFrom('a', 'b', 'a.b', 'c-d'),
    keys: fc.oneof(
      fc.constant('all' as const),
      fc.array(fc.constantFrom('k', 'l')).map((keys) => new Set(keys)),
    ),
  })
  .map((each): Reference => {
    return { ...each, required: false, requiredKeys: new Set(), ifMatched: false };
  });
const references = fc.uniqueArray(reference, { selector: sourceKey });
const source = fc.option(
  fc.dictionary(fc.constantFrom('k', 'l', 'm'), fc.base64String({ maxLength: 12 })),
  { nil: undefined },
);

const read = (kind: Reference['kind'], data: Record<string, string> | undefined): SourceReading =>
  data === undefined ? { state: 'absent' } : readSource(kind, { data }, 'all', 'ignore');

describe('sources that are hashed one after the other', () => {
  it('give the hash of the documented text, in any order of references', () => {
    fc.assert(
      fc.property(references, fc.array(source, { minLength: 16, maxLength: 16 }), (all, data) => {
        const readings = all.map(({ kind }, i) => read(kind, data[i]));
        const hashing = new Hashing(workload, all, withoutKey);
        for (const each of hashing.order) {
          hashing.take(each, readings[all.indexOf(each)] ?? { state: 'absent' });
        }
        const entries = all.map(({ kind, namespace, name, keys }, i): HashEntry => {
          const reading = readings[i];
          const own = namespace === 'shop' ? '' : namespace;
          if (reading?.state !== 'present') return { kind, namespace: own, name, data: null };
          const wanted = [...reading.data].filter(([key]) => keys === 'all' || keys.has(key));
          return { kind, namespace: own, name, data: new Map(wanted) };
        });
        const expected = createHash('sha256').update(canonicalText(entries)).digest('hex');
        assert.equal(hashing.hashes().now.hash, expected);
      }),
    );
  });

  it('give one hash for each digest with which the record may have been made', () => {
    const keys = { current: keyedDigest(Buffer.alloc(16, 1)), earlier: [plainDigest] };
    const hashes = (sources: string | undefined) => {
      const template = { hash: 'a'.repeat(64), sources };
      return new Hashing({ ...workload, template }, [], keys).hashes().earlier.length;
    };
    assert.equal(hashes(undefined), 1);
    assert.equal(hashes('{"key":"00000000"}'), 1);
    assert.equal(hashes(JSON.stringify({ key: keys.current.keyId })), 0);
  });

  it('are unreadable if they were dropped before they were hashed', () => {
    const all: Reference[] = ['a', 'b'].map((name) => ({
      ...{ kind: 'Secret', namespace: 'shop', name, keys: 'all', required: true },
      ...{ requiredKeys: new Set<string>(), ifMatched: false },
    }));
    const hashing = new Hashing(workload, all, withoutKey);
    for (const each of hashing.order.slice(0, 1)) hashing.take(each, read('Secret', { k: 'dg==' }));
    hashing.giveUp('too large');
    assert.equal(hashing.readings.get('Secret/shop/a')?.state, 'present');
    assert.deepEqual(hashing.readings.get('Secret/shop/b'), {
      state: 'unreadable',
      why: 'too large',
    });
  });
});
