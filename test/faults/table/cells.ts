/** The cells of the table, with the result that each must have. */
import { type Column, type ColumnName, columnNames, columns, type Ending } from './columns.ts';
import { type Row, type RowName, rowNames, rows } from './rows.ts';

/** `once`: only the first attempt gets the fault. `always`: every attempt gets it. */
export type Extent = 'once' | 'always';

export type Cell = { column: ColumnName; row: RowName; extent: Extent; ending: Ending };

export const columnOf = (name: ColumnName): Column => columns[name];
export const rowOf = (name: RowName): Row => rows[name];

/**
 * Undefined if there is no such cell. A fault whose result is the same once and at every attempt has only
 * the cell `once`.
 */
export function endingOf(column: ColumnName, row: RowName, extent: Extent): Ending | undefined {
  const { well, failed, once = {}, always = {}, olderPath } = columnOf(column);
  const { nature } = rowOf(row);
  if (nature === 'stale' && olderPath === undefined) return undefined;
  if (extent === 'always')
    return always[row] ?? always[nature] ?? (nature === 'passing' ? failed : undefined);
  const passes = nature === 'harmless' || nature === 'passing';
  return once[row] ?? once[nature] ?? (passes ? well : failed);
}

export function allCells(): Cell[] {
  return columnNames.flatMap((column) =>
    rowNames.flatMap((row) =>
      (['once', 'always'] as const).flatMap((extent) => {
        const ending = endingOf(column, row, extent);
        return ending === undefined ? [] : [{ column, row, extent, ending }];
      }),
    ),
  );
}

/**
 * The cells, without each cell that differs from another cell only in the status of the response: a
 * pass for each of these cells would take minutes. A column whose faults share one pass keeps all
 * its cells.
 */
export function sampleOfCells(): Cell[] {
  const alike: readonly RowName[] = ['drip', 'garbled', '422', '429', '500', '504', '504, done'];
  const lasting: readonly RowName[] = ['answer lost', 'no answer', '410', '503'];
  return allCells().filter(({ column, row, extent }) => {
    if (columnOf(column).perWorkload) return true;
    return extent === 'once' ? !alike.includes(row) : lasting.includes(row);
  });
}
