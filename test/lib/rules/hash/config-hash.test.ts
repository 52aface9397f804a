import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalText, type HashEntry } from '../../../../lib/rules/hash/config-hash.ts';
import { keyedDigest, plainDigest } from '../../../../lib/rules/hash/digest.ts';
import { configHash } from '../decided.ts';

const base64 = fc
  .uint8Array({ maxLength: 12 })
  .map((bytes) => Buffer.from(bytes).toString('base64'));
/** Names that the API allows, and other names: the text must be safe for every name. */
const name = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'a-b',
    '__proto__',
    'constructor',
    '"',
    ',',
    '[',
    '\u{1F600}',
    '\uFFFD',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const data = fc
  .uniqueArray(fc.tuple(name, base64), { selector: ([key]) => key, maxLength: 5 })
  .map((pairs) => new Map(pairs));
const entry: fc.Arbitrary<HashEntry> = fc.record({
  kind: fc.constantFrom('ConfigMap', 'Secret'),
  namespace: fc.oneof(fc.constant(''), name),
  name,
  data: fc.option(data, { nil: null }),
});
const identity = (e: HashEntry) => JSON.stringify([e.kind, e.namespace, e.name]);
const configuration = fc.uniqueArray(entry, { selector: identity, maxLength: 5 });

/** A text that is the same for two equal configurations. It is computed without the code under test. */
function normal(entries: readonly HashEntry[]): string {
  const plain = entries.map(({ kind, namespace, name: n, data: d }) => [
    kind,
    namespace,
    n,
    d === null ? null : [...d].map(([k, v]) => JSON.stringify([k, v])).sort(),
  ]);
  return JSON.stringify(plain.map((e) => JSON.stringify(e)).sort());
}

describe('the config hash', () => {
  it('is the SHA-256 of the documented text', () => {
    const text = canonicalText([
      { kind: 'Secret', namespace: '', name: 's', data: new Map([['k', 'dg==']]) },
      { kind: 'ConfigMap', namespace: 'other', name: 'c', data: null },
      {
        kind: 'ConfigMap',
        namespace: '',
        name: 'c',
        data: new Map([
          ['b', 'Yg=='],
          ['a', ''],
        ]),
      },
    ]);
    assert.equal(
      text,
      '[["ConfigMap","","c",{"a":"","b":"Yg=="}],["ConfigMap","other","c",null],["Secret","","s",{"k":"dg=="}]]',
    );
  });

  it('has the same text for any order of sources and keys', () => {
    fc.assert(
      fc.property(configuration, fc.infiniteStream(fc.nat()), (entries, numbers) => {
        const shuffle = <T>(list: readonly T[]): T[] =>
          list
            .map((value) => ({ value, at: numbers.next().value ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ value }) => value);
        const other = shuffle(
          entries.map((e) => ({ ...e, data: e.data && new Map(shuffle([...e.data])) })),
        );
        assert.equal(canonicalText(other), canonicalText(entries));
        assert.deepEqual(configHash(other, plainDigest), configHash(entries, plainDigest));
      }),
    );
  });

  it('differs for any two different configurations', () => {
    fc.assert(
      fc.property(configuration, configuration, (one, other) => {
        assert.equal(canonicalText(one) === canonicalText(other), normal(one) === normal(other));
      }),
      { numRuns: 2000 },
    );
  });

  it('changes with any change of a value, a key or the existence of a source', () => {
    const nonEmpty = configuration.filter((entries) => entries.length > 0);
    fc.assert(
      fc.property(nonEmpty, fc.nat(), name, base64, (entries, at, key, value) => {
        const index = at % entries.length;
        const change = (next: HashEntry['data']): HashEntry[] =>
          entries.map((e, i) => (i === index ? { ...e, data: next } : e));
        const before = entries[index]?.data ?? null;
        const variants: HashEntry['data'][] = [before === null ? new Map() : null];
        if (before === null || before.get(key) !== value) {
          variants.push(new Map([...(before ?? []), [key, value]]));
        }
        for (const removed of before?.keys() ?? []) {
          variants.push(new Map([...(before ?? [])].filter(([k]) => k !== removed)));
        }
        for (const variant of variants) {
          assert.notEqual(
            configHash(change(variant), plainDigest).hash,
            configHash(entries, plainDigest).hash,
          );
        }
      }),
    );
  });

  it('has a JSON text with the whole configuration', () => {
    fc.assert(
      fc.property(configuration, (entries) => {
        const parsed = JSON.parse(canonicalText(entries)) as [string, string, string, unknown][];
        assert.equal(parsed.length, entries.length);
      }),
    );
  });

  it('sorts by bytes, not by UTF-16 units', () => {
    const of = (n: string): HashEntry => ({ kind: 'Secret', namespace: '', name: n, data: null });
    assert.match(canonicalText([of('\u{1F600}'), of('\uFFFD')]), /\uFFFD.*\u{1F600}/u);
  });

  it('records the first 12 digits of the hash of each source, and "-" for an absent one', () => {
    const entries: HashEntry[] = [
      { kind: 'ConfigMap', namespace: '', name: 'c', data: new Map([['k', 'dg==']]) },
      { kind: 'Secret', namespace: 'other', name: 's', data: null },
    ];
    const digest = createHash('sha256').update('["ConfigMap","","c",{"k":"dg=="}]').digest('hex');
    assert.deepEqual(
      configHash(entries, plainDigest).sources,
      new Map([
        ['ConfigMap/c', digest.slice(0, 12)],
        ['Secret/other/s', '-'],
      ]),
    );
  });

  it('covers a source with an invalid name, but does not record it', () => {
    const entry = { kind: 'ConfigMap', namespace: '', data: null } as const;
    const one = configHash([{ ...entry, name: 'No' }], plainDigest);
    assert.notEqual(one.hash, configHash([], plainDigest).hash);
    assert.deepEqual([one.sources.size, one.digests.size], [0, 0]);
  });

  it('is the same for a large source, whose text is hashed in pieces', () => {
    const large = Buffer.alloc(60_000, 1).toString('base64');
    const data = new Map(['a', 'b', 'c'].map((key) => [key, large]));
    const entries: HashEntry[] = [{ kind: 'ConfigMap', namespace: '', name: 'c', data }];
    const text = JSON.stringify([['ConfigMap', '', 'c', Object.fromEntries(data)]]);
    const { hash } = configHash(entries, plainDigest);
    assert.equal(hash, createHash('sha256').update(text).digest('hex'));
  });

  it('records the version of a Secret without a key, and its digest with one', () => {
    const data = new Map([['pin', 'NDQ0NA==']]);
    const entries: HashEntry[] = [
      { kind: 'Secret', namespace: '', name: 's', data, version: '@17' },
    ];
    const { sources, digests } = configHash(entries, plainDigest);
    assert.deepEqual(sources, new Map([['Secret/s', '@17']]));
    assert.match(digests.get('Secret/s') ?? '', /^[0-9a-f]{12}$/);
    const keyed = configHash(entries, keyedDigest(Buffer.alloc(16, 1)));
    assert.deepEqual(keyed.sources, keyed.digests);
  });

  it('is the HMAC-SHA-256 of the same text with a key, and so are the recorded digests', () => {
    const key = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
    const entries: HashEntry[] = [
      { kind: 'Secret', namespace: 'other', name: 's', data: null },
      { kind: 'ConfigMap', namespace: '', name: 'c', data: new Map([['k', 'dg==']]) },
    ];
    const text = '[["ConfigMap","","c",{"k":"dg=="}],["Secret","other","s",null]]';
    assert.equal(canonicalText(entries), text);
    // Each digest was computed with: printf %s TEXT | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f
    const digests = new Map([
      ['ConfigMap/c', 'afa2e6f3f520'],
      ['Secret/other/s', '-'],
    ]);
    assert.deepEqual(configHash(entries, keyedDigest(key)), {
      hash: '519b29d05ebe36aa7dc6dd11ffb323fa091bc2c0a286843b2e3e185ce4e42330',
      keyId: '1ac0ef37',
      sources: digests,
      digests,
    });
    assert.equal(
      configHash(entries, keyedDigest(key)).hash,
      createHmac('sha256', key).update(text).digest('hex'),
    );
  });

  it('differs with the key, for any configuration', () => {
    const key = fc.uint8Array({ minLength: 16, maxLength: 40 });
    fc.assert(
      fc.property(configuration, key, key, (entries, one, other) => {
        fc.pre(Buffer.compare(one, other) !== 0);
        const hashes = [plainDigest, keyedDigest(one), keyedDigest(other)].map(
          (digest) => configHash(entries, digest).hash,
        );
        assert.equal(new Set(hashes).size, 3);
      }),
    );
  });
});
