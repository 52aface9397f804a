/** Files of the chart that are made from the code. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chart } from './described-values.ts';
import { settingDefaults, valuesSchema } from './schema.ts';

for (const [name, made] of [
  ['values.schema.json', valuesSchema],
  ['setting-defaults.json', settingDefaults],
] as const) {
  test(`${name} of the chart is what the code says (UPDATE=1 writes it anew)`, () => {
    const file = join(chart, name);
    if (process.env['UPDATE'] === '1') writeFileSync(file, made());
    assert.equal(readFileSync(file, 'utf8'), made());
  });
}
