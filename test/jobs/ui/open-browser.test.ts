import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBrowser } from '../../../jobs/ui/open-browser.ts';

const address = 'http://127.0.0.1:4000/#token=secret';

suite('opening the browser', () => {
  test('gives it a private file that leads to the address, so that no argument has the token', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'wave-cron-browser-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const seen = join(folder, 'arguments');
    const program = ['sh', '-c', `printf %s "$*" > ${seen}.new && mv ${seen}.new ${seen}`, 'sh'];
    const remove = openBrowser(address, assert.fail, program);
    while (!existsSync(seen)) await sleep(10);
    const file = readFileSync(seen, 'utf8');
    assert.doesNotMatch(file, /secret/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(file, '..')).mode & 0o777, 0o700);
    assert.ok(readFileSync(file, 'utf8').includes(`content="0;url=${address}"`));
    remove();
    assert.equal(existsSync(file), false);
  });

  test('reports that there is no browser', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const remove = openBrowser(address, resolve, ['/not-there']);
    await promise;
    remove();
  });
});
