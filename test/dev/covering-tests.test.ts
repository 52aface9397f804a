import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { coveringTests, needsCluster } from './covering-tests.ts';
import { type Imports, readImports } from './imports.ts';

const root = join(import.meta.dirname, '../..');
const imports = readImports(root);

const some: Imports = new Map(
  Object.entries({
    'lib/a.ts': [],
    'lib/b.ts': ['lib/a.ts'],
    'lib/alone.ts': [],
    'jobs/tell-text.ts': ['lib/b.ts'],
    'jobs/tell.ts': ['jobs/tell-text.ts'],
    'test/lib/a.test.ts': ['lib/a.ts'],
    'test/lib/a-on-cluster.test.ts': ['lib/a.ts', 'tools/control-plane/testing.ts'],
    'test/lib/other.test.ts': ['lib/a.ts', 'lib/b.ts'],
    'test/jobs/tell.test.ts': ['test/run.ts'],
    'test/run.ts': ['lib/b.ts'],
    'handler/c.ts': [],
    'test/handler/c/d.test.ts': [],
    'test/handler/circle.test.ts': [],
    'tools/control-plane/testing.ts': [],
  }),
);

test('a test covers itself', () => {
  assert.deepEqual(coveringTests(some, 'test/lib/a.test.ts'), ['test/lib/a.test.ts']);
});

test('the mirror of a file comes first, then the tests that import it, and those on a cluster come last', () => {
  assert.deepEqual(coveringTests(some, 'lib/a.ts'), [
    ...['test/lib/a.test.ts', 'test/lib/a-on-cluster.test.ts', 'test/lib/other.test.ts'],
  ]);
});

test('a file without a mirror shares the mirror of the file whose name is the start of its own name', () => {
  assert.deepEqual(coveringTests(some, 'jobs/tell-text.ts'), ['test/jobs/tell.test.ts']);
});

test('a file without a mirror is covered by the nearest tests that reach it, and helpers of tests do not count', () => {
  assert.deepEqual(coveringTests(some, 'lib/b.ts'), [
    ...['test/lib/other.test.ts', 'test/jobs/tell.test.ts'],
  ]);
});

test('a folder of tests also mirrors a file', () => {
  assert.deepEqual(coveringTests(some, 'handler/c.ts'), ['test/handler/c/d.test.ts']);
});

test('a helper of tests is covered by the tests that import it, and a file that nothing imports by none', () => {
  assert.deepEqual(coveringTests(some, 'test/run.ts'), ['test/jobs/tell.test.ts']);
  assert.deepEqual(coveringTests(some, 'lib/alone.ts'), []);
});

test('a test needs a cluster if it imports the helpers for a cluster, even through other files', () => {
  assert.ok(needsCluster(some, 'test/lib/a-on-cluster.test.ts'));
  assert.ok(!needsCluster(some, 'test/lib/a.test.ts'));
});

test('every file of the program that contains more than types is covered by a test', () => {
  const files = globSync('{jobs,handler,lib}/**/*.ts', { cwd: root });
  assert.ok(files.length > 100);
  const uncovered = files.filter((file) => coveringTests(imports, file).length === 0);
  const code = (file: string) =>
    stripTypeScriptTypes(readFileSync(join(root, file), 'utf8')).replaceAll(/\/\*.*?\*\//gs, '');
  const withCode = uncovered.filter((file) => code(file).trim() !== '');
  assert.deepEqual(withCode, []);
});
