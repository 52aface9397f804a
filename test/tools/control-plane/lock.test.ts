import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { withLock } from '../../../tools/control-plane/lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'wave-cron-lock-'));
after(() => rmSync(folder, { recursive: true }));

/** Another process that takes the lock, reports this, and keeps the lock until it is killed. */
async function holder(file: string): Promise<ChildProcess> {
  const script = `
    const { withLock } = await import(${JSON.stringify(new URL('../../../tools/control-plane/lock.ts', import.meta.url).href)});
    await withLock(${JSON.stringify(file)}, async () => {
      process.stdout.write('held');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

test('a waiting process learns which process has the lock, and gets it when the holder is killed with -9', async () => {
  const file = join(folder, 'lock');
  const child = await holder(file);
  const said: string[] = [];
  let got = false;
  const waiting = withLock(
    file,
    async () => {
      got = true;
    },
    {
      onWait: (who) => {
        said.push(who);
        assert.equal(got, false);
        child.kill('SIGKILL');
      },
      pollMs: 10,
    },
  );
  await waiting;
  assert.equal(got, true);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', new RegExp(`^process ${child.pid}, since `));
});

test('a lock is free again after work that failed', async () => {
  const file = join(folder, 'failed');
  await assert.rejects(
    withLock(file, () => Promise.reject(new Error('work'))),
    /work/,
  );
  assert.equal(await withLock(file, async () => 'next'), 'next');
});

test('one process holds a lock for one piece of work at a time', async () => {
  const file = join(folder, 'same');
  let running = 0;
  const work = async () => {
    running++;
    assert.equal(running, 1);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
  };
  await Promise.all([1, 2, 3].map(() => withLock(file, work, { pollMs: 5 })));
});
