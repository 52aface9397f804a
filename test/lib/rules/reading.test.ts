import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ManagedFields, ObjectMeta, SourceObject } from '../../../lib/kubernetes/objects.ts';
import { readSource } from '../../../lib/rules/reading.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

function read(
  object: SourceObject,
  {
    kind = 'ConfigMap' as 'ConfigMap' | 'Secret',
    keys = 'all' as 'all' | ReadonlySet<string>,
    ignore = [] as readonly string[],
  } = {},
) {
  const reading = readSource(kind, object, keys, ...ignore);
  assert.equal(reading.state, 'present');
  return reading;
}

suite('the reading of a source', () => {
  test('has its data as base64, and says which keys are binary', () => {
    const data = { a: '1', b: 'ü' };
    const { binaryKeys, ...all } = read({ data, binaryData: { c: base64('x') } });
    assert.deepEqual(Object.fromEntries(all.data), {
      a: base64('1'),
      b: base64('ü'),
      c: base64('x'),
    });
    assert.deepEqual(binaryKeys, new Set(['c']));
    assert.equal('binaryKeys' in read({ data }), false);
  });

  test('has the data of a Secret unchanged, because it is base64', () => {
    const { data } = read({ data: { a: base64('1') } }, { kind: 'Secret' });
    assert.deepEqual(Object.fromEntries(data), { a: base64('1') });
  });

  test('has only the referenced data', () => {
    const object = { data: { a: '1', b: '2' }, binaryData: { c: 'eA==', d: 'eA==' } };
    const { data, binaryKeys } = read(object, { keys: new Set(['b', 'd', 'z']) });
    assert.deepEqual([...data.keys()], ['b', 'd']);
    assert.deepEqual(binaryKeys, new Set(['d']));
  });

  test('says whether the source asks to be ignored, by any such annotation with exactly "true"', () => {
    const ignored = (annotations: Readonly<Record<string, string>>) =>
      read({ metadata: { annotations } }, { ignore: ['a/ignore', 'b/ignore'] }).ignored;
    assert.equal(ignored({}), false);
    assert.equal(ignored({ 'a/ignore': 'true' }), true);
    assert.equal(ignored({ 'b/ignore': 'true' }), true);
    assert.equal(ignored({ 'a/ignore': 'yes' }), false);
    assert.equal(ignored({ 'c/ignore': 'true' }), false);
  });

  test('says whether the source matches for Reloader, is being deleted or immutable, and has its uid', () => {
    const metadata = {
      ...{ uid: 'u', deletionTimestamp: '2026-11-30T10:00:00Z' },
      annotations: { 'reloader.stakater.com/match': 'true' },
    };
    const { uid, matched, deleting, immutable } = read({ metadata, immutable: true });
    assert.deepEqual([uid, matched, deleting, immutable], ['u', true, true, true]);
    const plain = read({});
    assert.deepEqual(
      [plain.uid, plain.matched, plain.deleting, plain.immutable, plain.createdAt],
      ['', false, false, false, undefined],
    );
  });
});

suite('the last write of a source', () => {
  const at = (hour: number) => `2026-11-30T${String(hour).padStart(2, '0')}:00:00Z`;
  const wrote = (time: string | null, fields: ManagedFields['fieldsV1']): ManagedFields => ({
    ...{ manager: 'm', time },
    fieldsV1: fields,
  });
  const owns = (...keys: string[]) => Object.fromEntries(keys.map((key) => [`f:${key}`, {}]));
  const created = { creationTimestamp: at(1) };
  const cases: readonly (readonly [string, ObjectMeta, string | undefined])[] = [
    [
      'is the newest of those that own its keys',
      {
        ...created,
        managedFields: [
          wrote(at(3), { 'f:data': owns('a') }),
          wrote(at(2), { 'f:data': owns('b') }),
        ],
      },
      at(3),
    ],
    [
      'does not count managers without a key of the data',
      {
        ...created,
        managedFields: [
          wrote(at(2), { 'f:data': owns('a', 'b') }),
          wrote(at(4), { 'f:metadata': { 'f:annotations': {} } }),
        ],
      },
      at(2),
    ],
    [
      'counts binary keys, and those of a Secret as they were written',
      {
        ...created,
        managedFields: [
          wrote(at(2), { 'f:binaryData': owns('a') }),
          wrote(at(3), { 'f:stringData': owns('b') }),
        ],
      },
      at(3),
    ],
    [
      'is not before it was created',
      {
        creationTimestamp: at(5),
        managedFields: [wrote(at(2), { 'f:data': owns('a', 'b') })],
      },
      at(5),
    ],
    ['is not known without managedFields', created, undefined],
    ['is not known if they were emptied', { ...created, managedFields: [] }, undefined],
    [
      'is unknown if a key has no manager',
      {
        ...created,
        managedFields: [wrote(at(2), { 'f:data': owns('a') })],
      },
      undefined,
    ],
    [
      'is unknown if a write of a key has no time',
      {
        ...created,
        managedFields: [wrote(null, { 'f:data': owns('a', 'b') })],
      },
      undefined,
    ],
    [
      'is known without a time of creation',
      {
        managedFields: [wrote(at(2), { 'f:data': owns('a', 'b') })],
      },
      at(2),
    ],
  ];
  for (const [what, metadata, expected] of cases) {
    test(what, () => {
      assert.equal(read({ metadata, data: { a: '1', b: '2' } }).writtenAt, expected);
    });
  }

  test('of a source without data is its creation', () => {
    const metadata = { ...created, managedFields: [wrote(at(2), { 'f:metadata': {} })] };
    assert.equal(read({ metadata }).writtenAt, at(1));
  });

  test('only considers the referenced keys', () => {
    const metadata = { ...created, managedFields: [wrote(at(2), { 'f:data': owns('a') })] };
    const object = { metadata, data: { a: '1', b: '2' } };
    assert.equal(read(object, { keys: new Set(['a']) }).writtenAt, at(2));
  });
});
