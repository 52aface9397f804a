import { cutToWidth } from '../../lib/text/display-width.ts';
import { printableLines } from '../../lib/text/printable.ts';

/** The part of a terminal that a screen needs. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** An area of a terminal on which a text is drawn again and again. */
export interface Screen {
  /** @param text gets the number of columns */
  draw(text: (columns: number) => string): void;
  /** Restores the earlier content of the terminal. */
  close(): void;
}

/** The size for a terminal that reports the size 0, because the terminal does not know its size. */
const [usualColumns, usualRows] = [80, 24];

const [alternate, normal] = ['\u001b[?1049h', '\u001b[?1049l'];
const [hideCursor, showCursor] = ['\u001b[?25l', '\u001b[?25h'];
const [noWrap, wrap] = ['\u001b[?7l', '\u001b[?7h'];
const [home, eraseRestOfLine, eraseBelow] = ['\u001b[H', '\u001b[K', '\u001b[J'];

/**
 * Opens the alternate screen of a terminal, as `top` and `less` do. Control characters in a text are escaped,
 * so foreign text cannot control the terminal.
 */
export function openScreen(terminal: Terminal): Screen {
  let last: ((columns: number) => string) | undefined;
  const redraw = (): void => {
    if (last === undefined) return;
    const [columns, rows] = [terminal.columns || usualColumns, terminal.rows || usualRows];
    const lines = fitting(printableLines(last(columns)).split('\n'), rows);
    const cut = lines.map((line) => `${cutToWidth(line, columns)}${eraseRestOfLine}`);
    // The old text is overwritten instead of cleared, so that the screen does not flicker.
    terminal.write(`${home}${cut.join('\r\n')}${eraseBelow}`);
  };
  terminal.write(`${alternate}${hideCursor}${noWrap}`);
  terminal.on('resize', redraw);
  return {
    draw(text) {
      last = text;
      redraw();
    },
    close() {
      terminal.off('resize', redraw);
      terminal.write(`${wrap}${showCursor}${normal}`);
    },
  };
}

/** The lines that fit, and a line with the number of the other lines. */
function fitting(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines;
  const shown = Math.max(rows - 1, 0);
  return [...lines.slice(0, shown), `… ${lines.length - shown} more lines`].slice(0, rows);
}
