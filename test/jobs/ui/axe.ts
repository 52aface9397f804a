/** The WCAG rules that a program can check. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Tab } from '../../../tools/browser/tab.ts';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** The violations, each with its elements. */
export async function violationsIn(tab: Tab): Promise<string[]> {
  await tab.evaluate(`${source}; undefined`);
  const options = { runOnly: { type: 'tag', values: rules } };
  return await tab.evaluate<string[]>(`axe.run(${JSON.stringify(options)}).then(({ violations }) =>
    violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => [id, help, html, failureSummary].join(' | '))))`);
}
