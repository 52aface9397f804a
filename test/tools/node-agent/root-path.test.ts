import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolveInRoot } from '../../../tools/node-agent/root-path.ts';

test('links in a root file system are followed from its own root and never leave it', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'wave-cron-root-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const folder of ['var', 'run', 'usr/bin'])
    mkdirSync(join(root, folder), { recursive: true });
  symlinkSync('/run', join(root, 'var/run'));
  symlinkSync('usr/bin', join(root, 'bin'));
  symlinkSync('../../../../etc', join(root, 'outside'));
  symlinkSync('loop', join(root, 'loop'));
  for (const [path, resolved] of [
    ['/var/run/secrets/token', '/run/secrets/token'],
    ['/bin/node', '/usr/bin/node'],
    ['/outside/passwd', '/etc/passwd'],
    ['/../../etc/./passwd', '/etc/passwd'],
    ['/not/there', '/not/there'],
    ['/', '/'],
  ] as const) {
    assert.equal(resolveInRoot(root, path), resolved);
  }
  assert.throws(() => resolveInRoot(root, '/loop'), /too many symbolic links in \/loop/);
});
