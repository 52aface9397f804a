import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { settingsReference } from '../../../lib/settings/reference.ts';

const file = new URL('../../../docs/settings.md', import.meta.url);

test('docs/settings.md is what the schema says (UPDATE=1 writes it anew)', () => {
  if (process.env['UPDATE'] === '1') writeFileSync(file, settingsReference());
  assert.equal(readFileSync(file, 'utf8'), settingsReference());
});
