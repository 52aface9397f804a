import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Reading } from '../../../lib/rules/reading.ts';
import type { Reference } from '../../../lib/rules/references.ts';
import { identityOf, resolve } from '../../../lib/rules/resolve.ts';
import { present, readingsOf, someReference } from './some-workload.ts';

const absent: Reading = { state: 'absent' };
const without = (...keys: string[]) => present({ absentKeys: new Set(keys) });

suite('the reason why there is no hash', () => {
  const nothing = { missing: [], unreadable: [] };
  const cases: readonly (readonly [string, Partial<Reference>, Reading, object])[] = [
    ['is nothing if the source is there', {}, present(), nothing],
    [
      'is a required source that is absent',
      {},
      absent,
      {
        ...nothing,
        missing: ['ConfigMap/settings does not exist'],
      },
    ],
    ['is not an optional source that is absent', { required: false }, absent, nothing],
    [
      'is a required key that is absent',
      { requiredKeys: new Set(['a', 'b']) },
      without('b', 'c'),
      {
        ...nothing,
        missing: ['ConfigMap/settings has no key "b"'],
      },
    ],
    ['is not an optional key that is absent', { keys: new Set(['a']) }, without('a'), nothing],
    [
      'is not a key of a source that asks to be ignored',
      { requiredKeys: new Set(['a']) },
      present({ ignored: true, absentKeys: new Set(['a']) }),
      nothing,
    ],
    [
      'is a source that cannot be read, though it is optional',
      { required: false },
      {
        ...{ state: 'unreadable', why: '403' },
      },
      { ...nothing, unreadable: ['ConfigMap/settings could not be read: 403'] },
    ],
  ];
  for (const [what, reference, reading, expected] of cases) {
    test(what, () => {
      const references = [someReference('ConfigMap/settings', reference)];
      const readings = readingsOf({ 'ConfigMap/settings': reading });
      assert.deepEqual(resolve({ namespace: 'shop' }, references, readings), expected);
    });
  }

  test('is a source with an invalid name', () => {
    const readings = readingsOf({ 'Secret/No Name': absent });
    const { missing } = resolve({ namespace: 'shop' }, [someReference('Secret/No Name')], readings);
    assert.deepEqual(missing, [
      'Secret "No Name" cannot exist: Kubernetes does not allow this name',
    ]);
  });

  test('has the namespace of the source if it is another one', () => {
    const readings = readingsOf({ 'Secret/other/login': absent });
    const references = [someReference('Secret/other/login')];
    const { missing } = resolve({ namespace: 'shop' }, references, readings);
    assert.deepEqual(missing, ['Secret/other/login does not exist']);
  });

  test('is never an unread source: that is a bug of the program', () => {
    const references = [someReference('ConfigMap/settings')];
    assert.throws(
      () => resolve({ namespace: 'shop' }, references, new Map()),
      /ConfigMap\/settings/,
    );
  });
});

test('a hash names a source without the namespace of the workload', () => {
  const own = someReference('ConfigMap/settings');
  assert.deepEqual(identityOf(own, 'shop'), { kind: 'ConfigMap', namespace: '', name: 'settings' });
  assert.equal(identityOf(own, 'other').namespace, 'shop');
});
