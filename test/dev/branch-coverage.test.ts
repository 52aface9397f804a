import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { type FileCoverage, uncovered } from './branch-coverage.ts';

const root = join(import.meta.dirname, '../..');
const covered = (coveredBranchPercent: number, ...lines: readonly number[]): FileCoverage => ({
  path: join(root, 'lib/rules/a.ts'),
  coveredBranchPercent,
  branches: [{ line: 1, count: 7 }, ...lines.map((line) => ({ line, count: 0 }))],
});

suite('a file of the rules', () => {
  test('may have one of twenty branches that no test takes', () => {
    assert.deepEqual(uncovered(['lib/rules/a.ts'], [covered(95, 3)]), []);
  });

  test('with more of these branches is named, with their lines', () => {
    assert.deepEqual(uncovered(['lib/rules/a.ts'], [covered(94.9, 12, 3, 12)]), [
      'lib/rules/a.ts: 94 % of its branches are covered, not 95 %: lines 3, 12',
    ]);
  });

  test('that no test runs is named', () => {
    assert.deepEqual(uncovered(['lib/rules/b.ts'], [covered(100)]), [
      'lib/rules/b.ts: no test runs it',
    ]);
  });
});

test('a test run fails if no test runs a file of the rules, and shows the tests as usual', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-coverage-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'test'));
  const file = join(folder, 'test/some.test.ts');
  writeFileSync(file, `import { test } from 'node:test'; test('some test', () => {});`);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      ...['--test', '--experimental-test-coverage', '--test-coverage-include=lib/rules/**'],
      ...['--test-reporter=./test/dev/branch-coverage.ts', '--test-reporter-destination=stdout'],
      file,
    ],
    { cwd: root, env, encoding: 'utf8' },
  );
  assert.equal(status, 1);
  assert.match(stdout, /✔ some test/);
  assert.match(stdout, /✖ lib\/rules\/decide\.ts: no test runs it/);
});
