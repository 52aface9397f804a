import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { buildPage } from '../../../build/page.ts';
import { readPageFiles } from '../../../jobs/ui/page-files.ts';

suite('the files of the page', () => {
  test('are all files that its document refers to, and the document contains no script or style', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'wave-cron-page-'));
    t.after(() => rmSync(folder, { recursive: true }));
    await buildPage(folder);
    const files = readPageFiles([join(folder, 'not-there'), folder]);
    const page = files.get('/')?.content.toString() ?? '';
    const named = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path = '']) => path);
    assert.deepEqual(named.sort(), [...files.keys()].filter((path) => path !== '/').sort());
    assert.doesNotMatch(page, /<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/);
    const all = [...files.values()].reduce((sum, { content }) => sum + content.length, 0);
    assert.ok(all < 100_000, `${all} bytes`);
  });

  test('lead to an error with the build command if the program is not built', () => {
    assert.throws(() => readPageFiles(['/not-there']), /missing: run npm run build$/);
  });
});
