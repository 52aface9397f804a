import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fittedTable } from '../../../jobs/output/fitted-table.ts';
import { displayWidth } from '../../../lib/text/display-width.ts';

const cells = [
  ['NAME', 'STATE', 'CHANGED', 'MESSAGE'],
  ['web', 'Paused', 'ConfigMap/settings', 'it is paused until tomorrow'],
  ['a-long-name-of-a-workload', 'UpToDate', '', '日本語のメッセージ\n\u001b[2J'],
];
const shrinking = [
  { column: 3, least: 0 },
  { column: 2, least: 0 },
  { column: 0, least: 12 },
];
const fitted = (width: number) => fittedTable(cells, shrinking, width).split('\n');

test('a table that fits stays as it is', () => {
  assert.equal(
    fitted(200)[1],
    'web                         Paused     ConfigMap/settings   it is paused until tomorrow',
  );
});

test('no line is longer than the terminal, and the least important columns shrink first', () => {
  for (let width = 1; width <= 100; width += 1) {
    for (const line of fitted(width)) {
      assert.ok(displayWidth(line) <= width, `${width}: ${line}`);
    }
  }
  assert.equal(
    fitted(74)[1],
    'web                         Paused     ConfigMap/settings   it is paused …',
  );
  assert.equal(fitted(60)[1], 'web                         Paused     ConfigMap/settings');
  assert.equal(fitted(40)[2], 'a-long-name-of-a-workload   UpToDate');
  assert.equal(fitted(30)[2], 'a-long-name-of-a-w…   UpToDate');
});

test('foreign text can neither end a line nor control the terminal', () => {
  assert.equal(fitted(200).length, cells.length);
  assert.ok(!fitted(200).join('').includes('\u001b'));
});
