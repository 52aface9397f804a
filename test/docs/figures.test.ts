/** Figures that pages quote from docs/performance.md, which a benchmark writes. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { textOf } from './pages.ts';

/** The median in a column of the table, whose cells are minimum / median / maximum. */
function measured(scenario: string, column: string): number {
  const rows = textOf('docs/performance.md')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const index = rows.find((cells) => cells.includes(column))?.indexOf(column) ?? -1;
  const row = rows.find((cells) => cells[1] === 'medium' && cells[2] === scenario);
  const [, median] = row?.[index]?.split(' / ') ?? [];
  assert.match(median ?? '', /^\d+$/, `${column} of "${scenario}"`);
  return Number(median);
}

suite('the quoted figures', () => {
  test('of the memory are those of the benchmark', () => {
    const peak = measured('nothing to do, 20000 Secrets', 'Peak mb');
    assert.match(textOf('docs/operations.md'), new RegExp(` ${peak} MB with 200 workloads`));
  });
});

/** The figures of the comparison come from one run of all three programs. No other page has them. */
suite('the comparison', () => {
  const page = textOf('docs/comparison.md');

  test('has minimum, median and maximum in this order', () => {
    const number = /[\d,]+(?:\.\d+)?/.source;
    const triples = [...page.matchAll(new RegExp(`(${number}) / (${number}) / (${number})`, 'g'))];
    assert.ok(triples.length >= 10);
    for (const [text, ...figures] of triples) {
      const [least = 0, median = 0, most = 0] = figures.map((each) =>
        Number(each.replace(',', '')),
      );
      assert.ok(least <= median && median <= most, text);
    }
  });

  test('has a figure of all three programs in each row, and none of another run', () => {
    const table = page.slice(
      page.indexOf('| peak memory'),
      page.indexOf('How to interpret the figures'),
    );
    const rows = table.trim().split('\n');
    assert.equal(rows.length, 5);
    for (const row of rows) {
      const [, , ...cells] = row.split('|').map((cell) => cell.trim());
      assert.equal(cells.filter((cell) => /\d/.test(cell)).length, 3, row);
    }
    assert.doesNotMatch(page, /performance\.md#figures/);
  });

  test('does not claim features for wave-cron alone that Wave also has', () => {
    const ours = page.slice(page.indexOf('## Features that only wave-cron has'));
    const table = ours.slice(0, ours.indexOf('\n\nWave has'));
    assert.ok(table.includes('| [admission policies]'));
    assert.doesNotMatch(table, /downtime|no workload references/);
  });
});
