import type { Terminal } from '../../../jobs/output/screen.ts';

/** A terminal that records the text written to it. */
export class TestTerminal implements Terminal {
  columns = 40;
  rows = 5;
  written = '';
  readonly #listeners = new Set<() => void>();

  write(text: string): void {
    this.written += text;
  }
  on(_event: 'resize', listener: () => void): void {
    this.#listeners.add(listener);
  }
  off(_event: 'resize', listener: () => void): void {
    this.#listeners.delete(listener);
  }
  resize(columns: number, rows: number): void {
    Object.assign(this, { columns, rows });
    for (const listener of this.#listeners) listener();
  }

  /** The visible lines after the last draw. */
  get lines(): string[] {
    const last = this.written.split('\u001b[H').at(-1) ?? '';
    const [shown = ''] = last.split('\u001b[J');
    return shown.replaceAll('\u001b[K', '').split('\r\n');
  }
}
