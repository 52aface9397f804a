import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ManagedFields } from '../../../../lib/kubernetes/objects.ts';
import { isOurAnnotation, type Writer, writersOf } from '../../../../lib/rules/ownership/claims.ts';

const wrote = (manager: string, ...keys: readonly string[]): ManagedFields => ({
  manager,
  fieldsV1: {
    'f:metadata': { 'f:ownerReferences': Object.fromEntries(keys.map((key) => [key, {}])) },
  },
});
const key = (uid: string) => `k:{"uid":"${uid}"}`;

suite('the writer of an owner reference', () => {
  const cases: readonly (readonly [string, readonly ManagedFields[] | null, Writer])[] = [
    ['is wave-cron if it is the only manager', [wrote('wave-cron', '.', key('a'))], 'us'],
    ['is another one if that is the only manager', [wrote('helm', key('a'))], 'others'],
    [
      'is another one if both are managers, and wave-cron comes first',
      [wrote('wave-cron', key('a')), wrote('helm', key('a'))],
      'others',
    ],
    [
      'is another one if both are managers, and wave-cron comes last',
      [wrote('helm', key('a')), wrote('wave-cron', key('a'))],
      'others',
    ],
    ['is unknown without a manager', [wrote('wave-cron', key('b'))], 'nobody'],
    ['is unknown if managedFields are empty', [], 'nobody'],
    ['is unknown without managedFields', null, 'nobody'],
    ['is unknown if the entry does not name a uid', [wrote('wave-cron', 'v:a', '.')], 'nobody'],
  ];
  for (const [what, managedFields, writer] of cases) {
    test(what, () => {
      const reference = { uid: 'a' };
      const metadata = { ownerReferences: [reference, { uid: 'other' }], managedFields };
      assert.equal(writersOf(metadata)(reference), writer);
    });
  }

  test('is another one if two references have the same uid, because they share one entry', () => {
    const managedFields = [wrote('wave-cron', key('a'), key('b'))];
    const writer = writersOf({
      ownerReferences: [{ uid: 'a' }, { uid: 'a' }, { uid: 'b' }],
      managedFields,
    });
    assert.deepEqual([writer({ uid: 'a' }), writer({ uid: 'b' })], ['others', 'us']);
  });

  test('is found separately for references without a uid, which have no manager', () => {
    const writer = writersOf({
      ownerReferences: [{ kind: 'Job' }, { uid: 'a' }],
      managedFields: [wrote('wave-cron', key('a')), {}],
    });
    assert.deepEqual([writer({ kind: 'Job' }), writer({ uid: 'a' })], ['nobody', 'us']);
  });

  test('is unknown for an object without owner references', () => {
    const managedFields = [wrote('wave-cron', key('a'))];
    assert.equal(writersOf({ managedFields })({ uid: 'a' }), 'nobody');
  });
});

test("an annotation is wave-cron's if one of its entries has it, even if other managers have it too", () => {
  const has = (manager: string, ...fields: string[]): ManagedFields => ({
    manager,
    fieldsV1: {
      'f:metadata': { 'f:annotations': Object.fromEntries(fields.map((each) => [each, {}])) },
    },
  });
  assert.equal(isOurAnnotation('a/b', [has('helm', 'f:a/b'), has('wave-cron', 'f:a/b')]), true);
  assert.equal(isOurAnnotation('a/b', [has('helm', 'f:a/b'), has('wave-cron', 'f:a/c')]), false);
  assert.equal(isOurAnnotation('a/b', [{ manager: 'wave-cron' }]), false);
  assert.equal(isOurAnnotation('a/b', null), false);
});
