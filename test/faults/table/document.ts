/** The table as docs/reliability.md shows it. */
import { type Extent, endingOf } from './cells.ts';
import { type ColumnName, columnNames, columns, type Ending } from './columns.ts';
import { type RowName, rowNames, rows } from './rows.ts';

const words = ({ exit, reason, pass, note }: Ending): string =>
  [
    String(exit),
    ...(pass === undefined && reason === undefined ? [] : [`\`${pass ?? reason}\``]),
    ...(note === undefined ? [] : [`(${note})`]),
  ].join(' ');

function cell(column: ColumnName, row: RowName): string {
  const [once, always] = (['once', 'always'] as const).map((extent: Extent) =>
    endingOf(column, row, extent),
  );
  if (once === undefined) return '';
  const shown = isDeepEqual(once, columns[column].well) ? '0' : words(once);
  return always === undefined || isDeepEqual(once, always)
    ? shown
    : `${shown}; lasting: ${words(always)}`;
}

const isDeepEqual = (a: object, b: object) => JSON.stringify(a) === JSON.stringify(b);

const rowText = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

/** One row per fault and one column per request. The table has three parts, because a page is not wider. */
export function tableInMarkdown(): string {
  const parts = [columnNames.slice(0, 6), columnNames.slice(6, 11), columnNames.slice(11)];
  const tables = parts.map((part) =>
    [
      rowText(['fault', ...part.map((name) => columns[name].title)]),
      rowText(['---', ...part.map(() => '---')]),
      ...rowNames.map((row) => rowText([row, ...part.map((column) => cell(column, row))])),
    ].join('\n'),
  );
  const legend = rowNames.map((name) => `- **${name}**: ${rows[name].sentence}`);
  return `${tables.join('\n\n')}\n\nThe faults:\n\n${legend.join('\n')}\n`;
}
