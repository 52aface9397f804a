import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { controlPlaneVariable } from '../../tools/control-plane/running-cluster.ts';
import { deleteNamespace, testCluster } from '../../tools/control-plane/testing.ts';
import { assertNoLeak } from '../secrets/planted.ts';

const root = join(import.meta.dirname, '../..');

/** A copy of the repository whose files a test may change. */
function clone(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'wave-cron-dev-')));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['package.json', 'jobs', 'handler', 'lib', 'manifests', 'tools', 'test'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(realpathSync(join(root, 'node_modules')), join(folder, 'node_modules'));
  return folder;
}

test('npm run dev runs passes over the example, restarts when a file is saved, and ends on a signal', {
  timeout: 120_000,
}, async (t) => {
  const { folder: controlPlane } = testCluster().cluster;
  const folder = clone(t);
  t.after(() => deleteNamespace('wave-cron-example'));
  const child = spawn(process.execPath, [join(folder, 'test/dev/dev.ts')], {
    env: { PATH: process.env['PATH'], HOME: folder, [controlPlaneVariable]: controlPlane },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGTERM'));
  let output = '';
  const closed = once(child, 'close');
  let arrived = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      arrived.resolve();
      arrived = Promise.withResolvers();
    });
  }
  const count = (pattern: RegExp) => output.match(pattern)?.length ?? 0;
  const seen = async (pattern: RegExp, times: number) => {
    while (count(pattern) < times) {
      const ended = closed.then(() => Promise.reject(new Error(`it ended: ${output}`)));
      await Promise.race([arrived.promise, ended]);
    }
  };

  await seen(/"pass":"Completed"/g, 1);
  assert.match(output, /"reason":"FirstSeen"/);
  const starts = /"listen":"127\.0\.0\.1:\d+"/g;
  assert.equal(count(starts), 1);
  const passes = count(/"pass":"Completed"/g);
  appendFileSync(join(folder, 'lib/version.ts'), '\n// Saved.\n');
  await seen(starts, 2);
  await seen(/"pass":"Completed"/g, passes + 1);

  child.kill('SIGTERM');
  assert.deepEqual(await closed, [0, null]);
  assert.match(output, /^dev: ended; the control plane goes on$/m);
  assertNoLeak('the output of npm run dev', output);
});
