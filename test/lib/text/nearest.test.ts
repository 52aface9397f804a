import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../../lib/text/nearest.ts';

const known = ['namespaces', 'logLevel', 'lease.name', 'concurrency.reads', 'WAVE_LISTEN'];

for (const [name, near] of [
  ['log_level', 'logLevel'],
  ['LOGLEVEL', 'logLevel'],
  ['namespace', 'namespaces'],
  ['lease.nmae', 'lease.name'],
  ['reads', 'concurrency.reads'],
  ['WAVE_LISTNE', 'WAVE_LISTEN'],
  ['concurrency.burst', undefined],
  ['x', undefined],
  ['', undefined],
] as const) {
  test(`the name most similar to "${name}" is ${near ?? 'none of the known names'}`, () => {
    assert.equal(nearest(name, known), near);
  });
}
