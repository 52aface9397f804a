/** The table of mutations in docs/reliability.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Found {
  readonly name: string;
  /** The number of steps after which a walk found the fault. Undefined: no walk found it. */
  readonly after: number | undefined;
  /** The failed check. */
  readonly by: string | undefined;
}

const page = join(import.meta.dirname, '../../../docs/reliability.md');
const begin = '<!-- made by npm run test:mutations -->';
const end = '<!-- end of what npm run test:mutations makes -->';

const stepsText = (after: number | undefined): string =>
  after === undefined ? 'not found' : after.toLocaleString('en-US');

export function tableOf(all: readonly Found[]): string {
  return [
    '| mutation | steps |',
    '|---|---|',
    ...all.map(({ name, after }) => `| ${name} | ${stepsText(after)} |`),
  ].join('\n');
}

export function writeTable(all: readonly Found[], seed: number, steps: number): void {
  const text = readFileSync(page, 'utf8');
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${page} has no place for it`);
  const made = `${begin}\nSeed ${seed}, with at most ${steps.toLocaleString('en-US')} steps for each mutation:\n\n${tableOf(all)}\n${end}`;
  writeFileSync(page, `${before}${made}${after}`);
}
