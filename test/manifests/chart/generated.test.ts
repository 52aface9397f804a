/** Files of the chart that are generated from the code, and the page that is generated from the chart's values. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chart, type DescribedValue, describedValues } from './described-values.ts';
import { settingDefaults, valuesSchema } from './schema.ts';

const isUpdate = process.env['UPDATE'] === '1';

for (const [name, made] of [
  ['values.schema.json', valuesSchema],
  ['setting-defaults.json', settingDefaults],
] as const) {
  test(`${name} of the chart is generated from the code (UPDATE=1 rewrites it)`, () => {
    const file = join(chart, name);
    if (isUpdate) writeFileSync(file, made());
    assert.equal(readFileSync(file, 'utf8'), made());
  });
}

test('docs/helm.md lists the values of the chart (UPDATE=1 rewrites them)', () => {
  const file = join(chart, '../../docs/helm.md');
  const text = readFileSync(file, 'utf8');
  const begin = text.indexOf('\n', text.indexOf('<!-- made from values.yaml: ')) + 1;
  const end = text.indexOf('<!-- end of what is made from values.yaml -->');
  assert.ok(begin > 0 && end >= begin);
  const rows = describedValues().map(row).join('\n');
  const table = `| value | default | meaning |\n|---|---|---|\n${rows}\n`;
  const whole = `${text.slice(0, begin)}${table}${text.slice(end)}`;
  if (isUpdate) writeFileSync(file, whole);
  assert.equal(readFileSync(file, 'utf8'), whole);
});

function row({ path, description, value }: DescribedValue): string {
  const fallback =
    value === null ? 'unset' : value === '' ? 'empty' : `\`${JSON.stringify(value)}\``;
  return `| \`${path}\` | ${fallback} | ${description.replaceAll(/[|*<]/g, '\\$&')} |`;
}
