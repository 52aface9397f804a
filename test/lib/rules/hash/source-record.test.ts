import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  boundRecord,
  compareRecords,
  isBoundTo,
  parseSourceRecord,
  type SourceRecord,
  sourceRecordOf,
  sourceVersion,
  writtenRecord,
} from '../../../../lib/rules/hash/source-record.ts';

const record = (sources: Record<string, string>) =>
  parseSourceRecord(JSON.stringify(sources), undefined);
const compared = (before: Record<string, string>, now: Record<string, string>, differ = true) =>
  compareRecords(record(before), record(now), differ).map(({ source, how }) => `${source} ${how}`);

describe('the versions of Secrets in two records', () => {
  const at = (version: number, second: number) =>
    sourceVersion(`${version}`, `2026-11-30T00:00:0${second}Z`);

  it('show that a Secret changed if it is the only one that was written', () => {
    assert.deepEqual(compared({ 'Secret/a': at(1, 1) }, { 'Secret/a': at(2, 2) }), [
      'Secret/a changed',
    ]);
  });

  it('show that a Secret may have changed if another source did', () => {
    const before = { 'ConfigMap/c': '000000000000', 'Secret/a': at(1, 1) };
    const now = { 'ConfigMap/c': '111111111111', 'Secret/a': at(2, 2) };
    assert.deepEqual(compared(before, now), ['ConfigMap/c changed', 'Secret/a may have changed']);
  });

  it('say nothing about a Secret whose data was not written since, for example if it got an owner reference', () => {
    const before = { 'ConfigMap/c': '000000000000', 'Secret/a': at(1, 1) };
    const now = { 'ConfigMap/c': '111111111111', 'Secret/a': at(2, 1) };
    assert.deepEqual(compared(before, now), ['ConfigMap/c changed']);
  });

  it('name such a Secret anyway if nothing else differs: there may be two writes in a second', () => {
    const before = { 'Secret/a': at(1, 1), 'Secret/b': at(3, 1) };
    assert.deepEqual(compared(before, { ...before, 'Secret/a': at(2, 1) }), ['Secret/a changed']);
    assert.deepEqual(compared(before, { ...before, 'Secret/a': at(2, 1) }, false), []);
  });

  it('only use the resourceVersion if managedFields do not have the time', () => {
    const version = sourceVersion('7', undefined);
    assert.equal(version, '@7');
    assert.deepEqual(compared({ 'Secret/a': '@6' }, { 'Secret/a': version }, false), [
      'Secret/a may have changed',
    ]);
  });

  it('show that a Secret changed if its earlier digest was recorded and its current digest is known', () => {
    const before = record({ 'Secret/a': '000000000000', 'ConfigMap/c': '000000000000' });
    const sources = new Map([
      ['Secret/a', at(1, 1)],
      ['ConfigMap/c', '111111111111'],
    ]);
    const how = (digests?: SourceRecord['digests']) =>
      compareRecords(before, { keyId: undefined, sources, ...(digests && { digests }) }, true);
    assert.equal(how()[0]?.how, 'may have changed');
    assert.equal(how(new Map([['Secret/a', '222222222222']]))[0]?.how, 'changed');
    assert.deepEqual(
      how(new Map([['Secret/a', '000000000000']])).map(({ source }) => source),
      ['ConfigMap/c'],
    );
  });
});

describe('a source that only one of two records has', () => {
  it('is named, even in records without digests, such as those of revisions', () => {
    const before = { 'ConfigMap/a': '000000000000' };
    const both = { ...before, 'ConfigMap/b': '111111111111' };
    assert.deepEqual(compared(before, both), ['ConfigMap/b is now referenced']);
    assert.deepEqual(compared(both, before), ['ConfigMap/b is no longer referenced']);
  });
});

describe('the record of the sources', () => {
  const hash = 'a'.repeat(64);
  const keyed: SourceRecord = {
    keyId: '1ac0ef37',
    sources: new Map([['ConfigMap/c', '000000000000']]),
  };

  it('names the key of its digests, if there is one', () => {
    assert.deepEqual(writtenRecord(keyed), { key: '1ac0ef37', 'ConfigMap/c': '000000000000' });
    const plain = writtenRecord({ ...keyed, keyId: undefined });
    assert.deepEqual(plain, { 'ConfigMap/c': '000000000000' });
    assert.equal(parseSourceRecord(JSON.stringify(writtenRecord(keyed)), hash).keyId, '1ac0ef37');
    assert.equal(parseSourceRecord(JSON.stringify(plain), hash).keyId, undefined);
  });

  it('only counts with the hash with which it was written', () => {
    const text = boundRecord(writtenRecord(keyed), hash, undefined);
    const recorded = (of: string | undefined) => [...parseSourceRecord(text, of).sources.keys()];
    assert.deepEqual(recorded(hash), ['ConfigMap/c']);
    assert.deepEqual(recorded('b'.repeat(64)), []);
    assert.deepEqual(recorded(undefined), []);
    assert.deepEqual([isBoundTo(text, hash), isBoundTo(text, 'b'.repeat(64))], [true, false]);
  });

  it('of version 0.1.0, without a hash, counts with any hash', () => {
    const text = JSON.stringify(writtenRecord(keyed));
    assert.deepEqual([...parseSourceRecord(text, hash).sources.keys()], ['ConfigMap/c']);
    assert.equal(isBoundTo(text, hash), false);
  });

  it('differs from an equal record before it, so that the template changes', () => {
    const first = boundRecord(writtenRecord(keyed), hash, undefined);
    const second = boundRecord(writtenRecord(keyed), hash, first);
    assert.notEqual(second, first);
    assert.deepEqual(parseSourceRecord(second, hash), parseSourceRecord(first, hash));
    assert.equal(boundRecord(writtenRecord(keyed), hash, second), first);
  });

  const many = (count: number) =>
    new Map(Array.from({ length: count }, (_, i) => [`ConfigMap/c${i}`, '000000000000']));
  const namesOf = (sources: SourceRecord['sources']) =>
    new Map(
      [...sources.keys()].map((source) => [source, { names: new Set(['a']), immutable: false }]),
    );

  it('leaves out the names of keys if there is no room for them, and then the sources', () => {
    const sources = many(2000);
    const withoutKeys = writtenRecord({ ...keyed, sources, keys: namesOf(sources) });
    assert.deepEqual(withoutKeys, writtenRecord({ ...keyed, sources }));
    assert.equal(sourceRecordOf(withoutKeys).sources.size, 2000);
    const nothing = writtenRecord({ ...keyed, sources: many(5000) });
    assert.deepEqual(nothing, { key: '1ac0ef37', sources: '5000' });
    assert.equal(sourceRecordOf(nothing).leftOut, true);
  });

  it('without sources only says that there were none if that is certain', () => {
    const none: SourceRecord = { keyId: undefined, sources: new Map() };
    const { sources } = keyed;
    const now: SourceRecord = { keyId: undefined, sources, digests: sources };
    assert.deepEqual(compareRecords(none, now, true), []);
    assert.deepEqual(compareRecords({ ...none, isEmpty: true }, now, true), [
      { source: 'ConfigMap/c', how: 'is now referenced' },
    ]);
    assert.deepEqual(
      compareRecords({ ...none, isEmpty: true }, { ...now, leftOut: true }, true),
      [],
    );
  });
});
