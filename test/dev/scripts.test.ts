/** Commands in package.json, as npm runs them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const { scripts }: { scripts: Record<string, string> } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

for (const [script, file] of [
  ['cluster', 'tools/control-plane/cluster.ts'],
  ['dev', 'test/dev/dev.ts'],
] as const) {
  test(`npm run ${script} passes SIGTERM on to its program`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'wave-cron-scripts-'));
    t.after(() => rmSync(folder, { recursive: true }));
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', scripts }));
    const stays = `
      process.on('SIGTERM', () => { console.log('told to end'); process.exit(); });
      // If the parent is gone, the test no longer waits for this process.
      const parent = process.ppid;
      setInterval(() => { if (process.ppid !== parent) process.exit(); }, 100);
      console.log('ready');`;
    writeFileSync(join(folder, file), stays);
    const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
    const npm = spawn('npm', ['run', '--silent', script], {
      cwd: folder,
      env: { PATH: path, HOME: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    npm.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (text.includes('ready')) npm.kill('SIGTERM');
    });
    await once(npm.stdout, 'end');
    assert.equal(output, 'ready\ntold to end\n');
  });
}
