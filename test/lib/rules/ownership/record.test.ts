import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOwnRecordName } from '../../../../lib/kubernetes/names.ts';
import {
  formatRecord,
  mayOwn,
  parseRecord,
  recordBounds,
  withinBounds,
} from '../../../../lib/rules/ownership/record.ts';

const names = (count: number, length = 12) =>
  Array.from({ length: count }, (_, index) => `Secret/${String(index).padStart(length, 'a')}`);

test('a record is read as it was written', () => {
  const record = { names: new Set(['ConfigMap/a', 'Secret/b.c']), complete: false };
  assert.deepEqual(parseRecord(formatRecord(record)), record);
});

test('a text that is too long for a record is ignored', () => {
  const most = names(recordBounds.names);
  assert.equal(parseRecord(JSON.stringify(most))?.names.size, recordBounds.names);
  assert.equal(parseRecord(JSON.stringify(names(recordBounds.names + 1))), undefined);
  assert.equal(parseRecord(JSON.stringify(names(300, 240))), undefined);
  assert.equal(parseRecord(`["Secret/a"${' '.repeat(recordBounds.bytes)}]`), undefined);
});

test('the longest possible record is read again, and sources without room in it are separate', () => {
  for (const all of [names(1500), names(1500, 240), names(1500, 60)]) {
    const { fit, beyond } = withinBounds(all);
    assert.deepEqual([...fit, ...beyond], all);
    const text = formatRecord({ names: fit, complete: false });
    assert.ok(text.length <= recordBounds.bytes);
    assert.deepEqual(parseRecord(text)?.names, fit);
  }
});

test('a text that wave-cron cannot have written is ignored', () => {
  for (const text of [undefined, '', '{}', 'null', '["Pod/a"]', '[1]', '["Secret/../a"]']) {
    assert.equal(parseRecord(text), undefined, String(text));
  }
});

test('a record can hold all names that a source can have', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['ConfigMap/a', true],
    ['Secret/a-b.c', true],
    [`Secret/${'a'.repeat(253)}`, true],
    [`Secret/${'a'.repeat(254)}`, false],
    ['Secret/other/a', false],
    ['Secret/A', false],
    ['Pod/a', false],
    ['Secret/', false],
  ];
  for (const [name, expected] of cases) assert.equal(isOwnRecordName(name), expected, name);
});

test('a workload may own something unless its record is complete and empty', () => {
  const record = (complete: boolean, ...of: readonly string[]) => ({
    names: new Set(of),
    complete,
  });
  assert.deepEqual([record(true), record(false), record(true, 'Secret/a')].map(mayOwn), [
    false,
    true,
    true,
  ]);
});

test('a repeated name is stored once', () => {
  const { fit, beyond } = withinBounds(['Secret/a', 'Secret/b', 'Secret/a']);
  assert.deepEqual([[...fit], beyond], [['Secret/a', 'Secret/b'], []]);
});
