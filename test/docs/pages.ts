/** The pages that people read, cut into what tests look at. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** Paths from the root of the repository. */
export const pages: readonly string[] = [
  ...globSync('*.md', { cwd: root }),
  ...globSync('docs/**/*.md', { cwd: root }),
].sort();

export const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

/** What stands between two fences. */
export type Block = {
  page: string;
  /** Of the opening fence, from 1. */
  line: number;
  /** What follows the fence: `sh`, `yaml`; empty where nothing does. */
  language: string;
  /** Without the indentation of the fence. */
  text: string;
  /** What the comment `<!-- not run: … -->` on the line above says. */
  notRun: string | undefined;
};

export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  const lines = textOf(page).split('\n');
  let open: { indent: number; block: Block; body: string[] } | undefined;
  for (const [index, line] of lines.entries()) {
    const [, indent = '', language = ''] = /^( *)```(\S*)/.exec(line) ?? [];
    if (!/^ *```/.test(line)) {
      open?.body.push(line.slice(open.indent));
    } else if (open === undefined) {
      const [, notRun] = /^ *<!-- not run: (.*) -->$/.exec(lines[index - 1] ?? '') ?? [];
      const block = { page, line: index + 1, language, text: '', notRun };
      open = { indent: indent.length, block, body: [] };
    } else {
      blocks.push({ ...open.block, text: `${open.body.join('\n')}\n` });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.block.line}: a fence is not closed`);
  return blocks;
}

/** The text of a page without what stands in blocks. */
export const proseOf = (page: string): string =>
  textOf(page).replaceAll(/^( *)```.*?^ *```$/gms, '');
