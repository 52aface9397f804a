import { sentence } from '../../lib/text/printable.ts';

/** The number of spaces between two columns. */
export const columnGap = 3;

/**
 * A table in the format of kubectl: columns are padded to the widest cell and separated by three
 * spaces. The last column is not padded. Text from the cluster can neither end its row nor control
 * the terminal.
 */
export function table(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(sentence));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
        .join(' '.repeat(columnGap))
        .trimEnd(),
    )
    .join('\n');
}
