/** The pages for people, divided into the parts that tests check. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** Paths relative to the root of the repository. */
export const pages: readonly string[] = [
  ...globSync('*.md', { cwd: root }),
  ...globSync('docs/**/*.md', { cwd: root }),
].sort();

export const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

/** A code block of a page. */
export type Block = {
  page: string;
  /** The line on which the block begins, counted from 1. */
  line: number;
  /** The word after the opening backticks, such as `sh` or `yaml`; empty if there is none. */
  language: string;
  /** The content, without the indentation of the block. */
  text: string;
  /** The reason in the comment `<!-- not run: … -->` on the line above. */
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

/** The text of a page without its code blocks. */
export const proseOf = (page: string): string =>
  textOf(page).replaceAll(/^( *)```.*?^ *```$/gms, '');
