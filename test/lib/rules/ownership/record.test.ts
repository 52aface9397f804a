import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatRecord,
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

test('what is longer than what we write says nothing', () => {
  const most = names(recordBounds.names);
  assert.equal(parseRecord(JSON.stringify(most))?.names.size, recordBounds.names);
  assert.equal(parseRecord(JSON.stringify(names(recordBounds.names + 1))), undefined);
  assert.equal(parseRecord(JSON.stringify(names(300, 240))), undefined);
  assert.equal(parseRecord(`["Secret/a"${' '.repeat(recordBounds.bytes)}]`), undefined);
});

test('the longest record that we write is read again, and what has no room in it is told apart', () => {
  for (const all of [names(1500), names(1500, 240), names(1500, 60)]) {
    const { fit, beyond } = withinBounds(all);
    assert.deepEqual([...fit, ...beyond], all);
    const text = formatRecord({ names: fit, complete: false });
    assert.ok(text.length <= recordBounds.bytes);
    assert.deepEqual(parseRecord(text)?.names, fit);
  }
});
