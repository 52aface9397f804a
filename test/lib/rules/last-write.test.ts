import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { lastWrite } from '../../../lib/rules/last-write.ts';

const at = (second: number) => `2026-11-30T07:00:0${second}Z`;
const wrote = (manager: string, second: number, field: string, ...keys: string[]) => ({
  ...{ manager, time: at(second) },
  fieldsV1: { [field]: Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) },
});

suite('the last write of the data of a source', () => {
  test('is the write of the newest manager, in any order', () => {
    const fields = [wrote('kubectl', 2, 'f:data', 'a'), wrote('operator', 5, 'f:binaryData', 'b')];
    for (const managedFields of [fields, fields.toReversed()]) {
      assert.deepEqual(lastWrite({ managedFields }, ['a', 'b']), {
        ...{ at: at(5), manager: 'operator' },
      });
    }
  });

  test('is not a write of labels or owner references', () => {
    const managedFields = [wrote('kubectl', 2, 'f:data', 'a'), wrote('other', 5, 'f:metadata')];
    assert.deepEqual(lastWrite({ managedFields }, []), { at: at(2), manager: 'kubectl' });
  });

  test('is the creation if there was no other write, with the manager of the creation', () => {
    const creationTimestamp = at(2);
    const managedFields = [wrote('other', 5, 'f:metadata')];
    const created = { at: at(2), manager: undefined };
    assert.deepEqual(lastWrite({ managedFields, creationTimestamp }, []), created);
    const byIts = [wrote('kubectl', 2, 'f:data', 'a')];
    assert.deepEqual(lastWrite({ managedFields: byIts, creationTimestamp }, ['a']), {
      ...{ at: at(2), manager: 'kubectl' },
    });
  });

  test('is unknown without managedFields, without a time, or for a key without a manager', () => {
    assert.equal(lastWrite({ creationTimestamp: at(1) }, []), undefined);
    assert.equal(lastWrite({ managedFields: [] }, []), undefined);
    assert.equal(lastWrite({ managedFields: [{ fieldsV1: { 'f:data': {} } }] }, []), undefined);
    const managedFields = [wrote('kubectl', 2, 'f:data', 'a')];
    assert.equal(lastWrite({ managedFields }, ['a', 'b']), undefined);
  });
});
