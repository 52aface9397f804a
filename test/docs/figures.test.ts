/** Figures that pages quote from docs/performance.md, which a benchmark writes. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { textOf } from './pages.ts';

/** The median of a column, as the table has it: least / median / most. */
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

suite('the figures that are quoted', () => {
  test('of the memory are those of the benchmark', () => {
    const peak = measured('nothing to do, 20000 Secrets', 'Peak mb');
    assert.match(textOf('docs/comparison.md'), new RegExp(`\\| peak memory \\| ${peak} MB,`));
    assert.match(textOf('docs/operations.md'), new RegExp(` ${peak} MB with 200 workloads`));
  });

  test('of 200 changes at once are those of the benchmark', () => {
    const seconds = measured('200 changed at once', 'Time ms') / 1000;
    assert.match(
      textOf('docs/comparison.md'),
      new RegExp(`\\| ${seconds.toFixed(1)} s from the start of a pass \\|`),
    );
  });

  test('of the API server are those of the benchmark', () => {
    const [, passes, watches = ''] =
      /idle watches \| ([\d.]+) s \([^)]*\), (.*?) \|/.exec(textOf('docs/performance.md')) ?? [];
    const quoted = `[${Math.round(Number(passes))} s of CPU time](performance.md#figures) an hour`;
    assert.ok(textOf('docs/comparison.md').includes(quoted), quoted);
    assert.ok(textOf('docs/comparison.md').includes(watches), watches);
  });
});
