/** Finds the tests of a file. */
import { closureOf, type Imports, importersOf } from './imports.ts';

/**
 * The test files for a file, the nearest first. A test covers itself. Any other file is covered by the
 * tests that mirror it and those that import it. If there are none, it is covered by the tests that import
 * it through the fewest files in between, the cheapest first. If no test mirrors the file, helpers of tests
 * do not count as files in between. Empty if no test reaches the file.
 */
export function coveringTests(imports: Imports, file: string): string[] {
  if (isTest(file)) return [file];
  const mirrors = mirrorsOf(imports, file);
  const found = new Set(mirrors);
  const seen = new Set([file]);
  const unseenImporters = (files: readonly string[]) => {
    const all = new Set(files.flatMap((each) => importersOf(imports, each)));
    const fresh = [...all].filter((each) => !seen.has(each));
    for (const each of fresh) seen.add(each);
    return fresh;
  };
  for (let near = unseenImporters([file]); near.length > 0; near = unseenImporters(near)) {
    for (let helpers = near; mirrors.length === 0 && helpers.length > 0; ) {
      helpers = unseenImporters(helpers.filter(isHelper));
      near.push(...helpers);
    }
    for (const each of byCost(imports, near.filter(isTest))) found.add(each);
    if (found.size > 0) break;
  }
  return [...found];
}

/** Whether a test needs a cluster. */
export function needsCluster(imports: Imports, test: string): boolean {
  return closureOf(imports, test).has('tools/control-plane/testing.ts');
}

const isTest = (file: string): boolean => file.endsWith('.test.ts');
const isHelper = (file: string): boolean => /^(test|tools)\//.test(file) && !isTest(file);

/**
 * `lib/a/b.ts` is mirrored by `test/lib/a/b.test.ts`, by `b-….test.ts` next to it, and by the tests in a
 * folder `b`. A file without a mirror shares that of a file whose name is the start of its own name:
 * `jobs/output/explain-text.ts` shares that of `jobs/output/explain.ts`.
 */
function mirrorsOf(imports: Imports, file: string): string[] {
  const [, folder = '', own = ''] = /^(.*\/)?([^/]+)\.ts$/.exec(file) ?? [];
  for (let name = own; name !== ''; name = name.replace(/(^|-)[^-]*$/, '')) {
    const start = `test/${folder}${name}`;
    const mirrors = [...imports.keys()].filter(
      (each) => isTest(each) && each.startsWith(start) && /^[./-]/.test(each.slice(start.length)),
    );
    if (mirrors.length > 0) return byCost(imports, mirrors);
  }
  return [];
}

/** Sorts the tests that need no cluster first, then by how many files they import. */
function byCost(imports: Imports, tests: readonly string[]): string[] {
  const cost = new Map(
    tests.map((test) => {
      const slow = needsCluster(imports, test) ? 10_000 : 0;
      return [test, slow + closureOf(imports, test).size];
    }),
  );
  return tests.toSorted((a, b) => (cost.get(a) ?? 0) - (cost.get(b) ?? 0));
}
