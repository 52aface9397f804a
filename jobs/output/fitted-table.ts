import { cutToWidth, displayWidth } from '../../lib/text/display-width.ts';
import { sentence } from '../../lib/text/printable.ts';
import { columnGap, table } from './table.ts';

/** A column that may become narrower. */
export interface Shrinking {
  readonly column: number;
  /** The minimum number of characters; 0: the column may disappear. */
  readonly least: number;
}

/**
 * A table that fits the width of a terminal. To fit, the given columns of the table become
 * narrower, one after the other. If the table is still too wide, its lines are cut.
 *
 * @param shrinking the columns that may become narrower, in this order
 */
export function fittedTable(
  cells: readonly (readonly string[])[],
  shrinking: readonly Shrinking[],
  width: number,
): string {
  const rows = cells.map((row) => row.map(sentence));
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((row) => displayWidth(row[i] ?? ''))),
  );
  let excess =
    widths.reduce((sum, each) => sum + each, 0) + (widths.length - 1) * columnGap - width;
  const gone = new Set<number>();
  for (const { column, least } of shrinking) {
    if (excess <= 0) break;
    const before = widths[column] ?? 0;
    const after = Math.max(before - excess, least);
    const isGone = after < narrowest && least === 0;
    if (isGone) gone.add(column);
    widths[column] = isGone ? 0 : after;
    excess -= before - (widths[column] ?? 0) + (isGone ? columnGap : 0);
  }
  const fitted = rows.map((row) =>
    row.flatMap((cell, i) => (gone.has(i) ? [] : [cutToWidth(cell, widths[i] ?? 0)])),
  );
  return table(fitted)
    .split('\n')
    .map((line) => cutToWidth(line, width))
    .join('\n');
}

/** A column that is narrower than this does not help a reader. */
const narrowest = 8;
