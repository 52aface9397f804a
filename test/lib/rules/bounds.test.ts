import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { maxReferences, maxSourceBytes } from '../../../lib/rules/bounds.ts';

test('the limits of a pass for one workload are those in the docs', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../../docs/how-it-works.md'), 'utf8');
  const rows = docs.split('\n').filter((line) => line.startsWith('|'));
  const count = maxReferences.toLocaleString('en-US');
  assert.ok(
    rows.some((row) => row.includes('that one workload references') && row.includes(` ${count} `)),
  );
  const size = `${maxSourceBytes / 1024 / 1024} MiB`;
  assert.ok(
    rows.some((row) => row.includes(` ${size} `)),
    size,
  );
});
