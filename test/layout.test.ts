import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';

const root = join(import.meta.dirname, '..');
const files = globSync('{jobs,handler,lib}/**/*.ts', { cwd: root });

/** Static and dynamic imports and re-exports of a file. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from\s+|import\s+|import\(\s*)'([^']+)'/g)].map((m) => m[1] ?? '');
}

describe('the layout', () => {
  it('has files in each of its folders', () => {
    for (const folder of ['jobs', 'handler', 'lib']) {
      assert.ok(
        files.some((file) => file.startsWith(`${folder}/`)),
        folder,
      );
    }
  });

  it('imports downwards only: jobs, handler, lib', () => {
    const rank: Record<string, number> = { jobs: 2, handler: 1, lib: 0 };
    for (const file of files) {
      const own = rank[file.split('/', 1)[0] ?? ''] ?? -1;
      for (const imported of importsOf(file).filter((path) => path.startsWith('.'))) {
        const target = normalize(join(dirname(file), imported));
        if (target === 'package.json') continue;
        const other = rank[target.split('/', 1)[0] ?? ''];
        assert.ok(other !== undefined && other <= own, `${file} imports ${target}`);
      }
    }
  });

  for (const library of ['@kubernetes/client-node', 'node-cron', 'ajv', 'pino', 'prom-client']) {
    it(`has one file that imports ${library}`, () => {
      const importers = files.filter((file) =>
        importsOf(file).some((path) => path === library || path.startsWith(`${library}/`)),
      );
      assert.equal(importers.length, 1, importers.join(', '));
      assert.ok(importers[0]?.startsWith('lib/'));
    });
  }

  it('reads arguments, environment and signals in jobs alone', () => {
    for (const file of files.filter((f) => !f.startsWith('jobs/'))) {
      const text = readFileSync(join(root, file), 'utf8');
      assert.doesNotMatch(text, /process\.(env|argv|on|exit)\b/, file);
    }
  });
});
