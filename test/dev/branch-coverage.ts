/**
 * A reporter for the tests that need no cluster. It prints what the reporter `spec` prints. At the end, it
 * fails if the tests miss more than 5 % of the branches of any file in lib/rules. Node's own threshold
 * applies only to all files together.
 *
 *     node --test --experimental-test-coverage --test-coverage-include=lib/rules/** \
 *       --test-reporter=./test/dev/branch-coverage.ts --test-reporter-destination=stdout
 */
import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { spec, type TestEvent } from 'node:test/reporters';

const root = join(import.meta.dirname, '../..');
const minPercent = 95;

type Coverage = Extract<TestEvent, { type: 'test:coverage' }>['data']['summary'];
export type FileCoverage = Pick<
  Coverage['files'][number],
  'path' | 'coveredBranchPercent' | 'branches'
>;

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let covered: readonly FileCoverage[] = [];
  async function* withoutCoverage(): AsyncGenerator<TestEvent> {
    for await (const event of events) {
      if (event.type === 'test:coverage') covered = event.data.summary.files;
      else yield event;
    }
  }
  yield* Readable.from(withoutCoverage()).compose(new spec());
  const files = globSync('lib/rules/**/*.ts', { cwd: root });
  const problems = uncovered(files.filter(hasCode), covered);
  if (problems.length > 0) process.exitCode = 1;
  yield problems.map((problem) => `✖ ${problem}\n`).join('');
}

/**
 * One line for each file in which tests miss too many branches.
 *
 * @param files paths relative to the root
 */
export function uncovered(files: readonly string[], covered: readonly FileCoverage[]): string[] {
  return files.flatMap((name) => {
    const file = covered.find(({ path }) => relative(root, path) === name);
    if (file === undefined) return [`${name}: no test runs it`];
    if (file.coveredBranchPercent >= minPercent) return [];
    const lines = file.branches.filter(({ count }) => count === 0).map(({ line }) => line);
    const percent = Math.floor(file.coveredBranchPercent);
    const which = [...new Set(lines)].sort((a, b) => a - b).join(', ');
    return [
      `${name}: ${percent} % of its branches are covered, not ${minPercent} %: lines ${which}`,
    ];
  });
}

/** Whether a file contains more than types. Tests cannot run types. */
function hasCode(name: string): boolean {
  const text = readFileSync(join(root, name), 'utf8');
  return /^(export )?(default )?(async )?(function|const|let|class) /m.test(text);
}
