import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite, test } from 'node:test';

const script = join(import.meta.dirname, '../../image/compile.ts');

suite('the step of the build that starts the program', () => {
  test('rejects a Node for another architecture than that of the image', () => {
    const other = process.arch === 'arm64' ? 'amd64' : 'arm64';
    const env = { TARGETARCH: other };
    const { status, stderr } = spawnSync(process.execPath, [script, '/'], {
      env,
      encoding: 'utf8',
    });
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`Node for a[mr][md]64 in an image for ${other}: BUILD_IMAGE`));
  });
});
