/** Links between the pages, and from them to files of the repository. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { suite, test } from 'node:test';
import { pages, proseOf, root } from './pages.ts';

type Link = { page: string; target: string };

const links: Link[] = pages.flatMap((page) =>
  [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ page, target })),
);
const isOurs = ({ target }: Link): boolean => !/^[a-z]+:/.test(target);

/** The anchors of a page, as GitHub derives them from its headings. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of proseOf(page).matchAll(/^#+ (.*)$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
    let unused = anchor;
    for (let n = 1; anchors.has(unused); n += 1) unused = `${anchor}-${n}`;
    anchors.add(unused);
  }
  return anchors;
}

suite('the links of the docs', () => {
  test('lead to files and headings that exist', () => {
    const broken = links.filter(isOurs).flatMap(({ page, target }) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path));
      if (!existsSync(join(root, file))) return `${page}: there is no file ${target}`;
      if (anchor === undefined || anchorsOf(file).has(anchor)) return [];
      return `${page}: there is no heading ${target}`;
    });
    assert.deepEqual(broken, []);
  });

  test('use https if they lead to another site', () => {
    const others = links.filter((link) => !isOurs(link));
    assert.deepEqual(
      others.filter(({ target }) => !target.startsWith('https://')),
      [],
    );
  });

  test('lead from the README to every page', () => {
    const linked = links.filter(({ page }) => page === 'README.md').map(({ target }) => target);
    const others = pages.filter((page) => page !== 'README.md');
    assert.deepEqual(
      others.filter((page) => !linked.includes(page)),
      [],
    );
  });
});
