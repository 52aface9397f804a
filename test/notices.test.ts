/** The licenses of bundled packages are shipped with the bundle. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { Metafile } from 'esbuild';
import { bundledPackages, noticesText } from '../build/notices.ts';
import { buildProgram } from '../build/program.ts';

const root = join(import.meta.dirname, '..');
const text = (file: string): string => readFileSync(join(root, file), 'utf8');

/** The metafile of esbuild for a bundle with one file of one package. */
const metafileOf = (file: string, bytesInOutput: number): Metafile => ({
  inputs: {},
  outputs: {
    'dist/a.js': { bytes: 1, inputs: { [file]: { bytesInOutput } }, imports: [], exports: [] },
  },
});

/** A root folder with one installed package. The folder is removed after the test. */
function rootWith(t: { after(end: () => void): void }, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-notices-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules/a'), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, 'node_modules/a', name), content);
  }
  return folder;
}

suite('the notices of third parties', () => {
  test('have a section for every package that is in the bundle, with its version, license and text', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'wave-cron-notices-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const metafile = await buildProgram(folder);
    const packages = bundledPackages(metafile);
    assert.ok(packages.length > 30, packages.join(', '));
    const notices = readFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    const [, ...sections] = notices.split(`\n\n${'='.repeat(80)}\n`);
    for (const place of packages) {
      const { name, version, license } = JSON.parse(text(`${place}/package.json`));
      const title = `${name} ${version} (${license})\n\n`;
      const [section = ''] = sections.filter((it) => it.startsWith(title));
      assert.match(
        section.slice(title.length),
        /Permission|Redistribution|TERMS AND CONDITIONS|public domain/i,
        name,
      );
    }
    // esbuild does not report packages that another package has copied into its own files.
    assert.match(notices, /^jsep \d/m);
  });

  test('cannot be created if a package has no license text', (t) => {
    const manifest = JSON.stringify({ name: 'a', version: '1.0.0', license: 'MIT' });
    const bundle = metafileOf('node_modules/a/index.js', 7);
    const without = rootWith(t, { 'package.json': manifest });
    assert.throws(() => noticesText(bundle, without), /^Error: a 1\.0\.0 has no license/);
    const complete = { 'package.json': manifest, 'LICENSE.md': 'Be kind.', NOTICE: 'By A.' };
    const notices = noticesText(bundle, rootWith(t, complete));
    assert.match(notices, /^a 1\.0\.0 \(MIT\)\n\nBe kind\.\n\nBy A\.$/m);
  });

  test('leave out a package that has no code in the bundle', () => {
    assert.deepEqual(bundledPackages(metafileOf('node_modules/a/index.js', 0)), []);
    assert.deepEqual(bundledPackages(metafileOf('node_modules/@a/b/c/index.js', 1)), [
      'node_modules/@a/b',
    ]);
    assert.deepEqual(bundledPackages(metafileOf('node_modules/a/node_modules/b/index.js', 1)), [
      'node_modules/a/node_modules/b',
    ]);
  });

  test('are part of the package and of the image', () => {
    const { files, scripts } = JSON.parse(text('package.json'));
    assert.ok(files.includes('dist'));
    assert.match(scripts.build, / node build\/main\.ts dist /);
    assert.match(text('Dockerfile'), /^ {2}&& cp -r .* dist\/THIRD-PARTY-NOTICES\.txt /m);
    assert.match(text('.dockerignore'), /^!build$/m);
  });
});
