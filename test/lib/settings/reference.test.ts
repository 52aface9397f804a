import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { settingsReference } from '../../../lib/settings/reference.ts';

const file = new URL('../../../docs/settings.md', import.meta.url);

test('docs/settings.md is generated from the schema (UPDATE=1 rewrites it)', () => {
  if (process.env['UPDATE'] === '1') writeFileSync(file, settingsReference());
  assert.equal(readFileSync(file, 'utf8'), settingsReference());
});
