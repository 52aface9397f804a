/** The cells of the table, and what the contract says of each. */
import { type Column, type ColumnName, columnNames, columns, type Ending } from './columns.ts';
import { type Row, type RowName, rowNames, rows } from './rows.ts';

/** `once`: the first try is harmed. `always`: every one. */
export type Extent = 'once' | 'always';

export type Cell = { column: ColumnName; row: RowName; extent: Extent; ending: Ending };

export const columnOf = (name: ColumnName): Column => columns[name];
export const rowOf = (name: RowName): Row => rows[name];

/** Undefined where there is no such cell: what ends alike however often it happens has one. */
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
 * Without what differs from another cell in nothing but the status of the answer: a pass for each
 * of those would take minutes. Where one pass holds all faults of a column, none is left out.
 */
export function sampleOfCells(): Cell[] {
  const alike: readonly RowName[] = ['drip', 'garbled', '422', '429', '500', '504', '504, done'];
  const lasting: readonly RowName[] = ['answer lost', 'no answer', '410', '503'];
  return allCells().filter(({ column, row, extent }) => {
    if (columnOf(column).perWorkload) return true;
    return extent === 'once' ? !alike.includes(row) : lasting.includes(row);
  });
}
