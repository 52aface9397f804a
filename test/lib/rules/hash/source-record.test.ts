import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  compareRecords,
  parseSourceRecord,
  sourceVersion,
} from '../../../../lib/rules/hash/source-record.ts';

const record = (sources: Record<string, string>) =>
  parseSourceRecord(JSON.stringify(sources), undefined);
const compared = (before: Record<string, string>, now: Record<string, string>, differ = true) =>
  compareRecords(record(before), record(now), differ).map(({ source, how }) => `${source} ${how}`);

describe('the versions of Secrets in two records', () => {
  const at = (version: number, second: number) =>
    sourceVersion(`${version}`, `2026-11-30T00:00:0${second}Z`);

  it('say that one changed where it is the only one that was written', () => {
    assert.deepEqual(compared({ 'Secret/a': at(1, 1) }, { 'Secret/a': at(2, 2) }), [
      'Secret/a changed',
    ]);
  });

  it('say that one may have changed where another source did', () => {
    const before = { 'ConfigMap/c': '000000000000', 'Secret/a': at(1, 1) };
    const now = { 'ConfigMap/c': '111111111111', 'Secret/a': at(2, 2) };
    assert.deepEqual(compared(before, now), ['ConfigMap/c changed', 'Secret/a may have changed']);
  });

  it('say nothing of one whose data was not written since, such as one that got an owner reference', () => {
    const before = { 'ConfigMap/c': '000000000000', 'Secret/a': at(1, 1) };
    const now = { 'ConfigMap/c': '111111111111', 'Secret/a': at(2, 1) };
    assert.deepEqual(compared(before, now), ['ConfigMap/c changed']);
  });

  it('name that one all the same where nothing else differs: a second may have two writes', () => {
    const before = { 'Secret/a': at(1, 1), 'Secret/b': at(3, 1) };
    assert.deepEqual(compared(before, { ...before, 'Secret/a': at(2, 1) }), ['Secret/a changed']);
    assert.deepEqual(compared(before, { ...before, 'Secret/a': at(2, 1) }, false), []);
  });

  it('count by the resourceVersion alone where managedFields do not say when', () => {
    const version = sourceVersion('7', undefined);
    assert.equal(version, '@7');
    assert.deepEqual(compared({ 'Secret/a': '@6' }, { 'Secret/a': version }, false), [
      'Secret/a may have changed',
    ]);
  });
});
