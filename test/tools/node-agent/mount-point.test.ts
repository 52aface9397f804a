import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { mountPoint } from '../../../tools/node-agent/mount-point.ts';

test('a mount point is a folder of its own until it is removed', () => {
  const [one, other] = [mountPoint(), mountPoint()];
  assert.notEqual(one.path, other.path);
  assert.ok(existsSync(one.path));
  one.remove();
  assert.deepEqual([existsSync(one.path), existsSync(other.path)], [false, true]);
  other.remove();
  assert.equal(existsSync(other.path), false);
});

test('mount points add no listener to the process, no matter how many there are', () => {
  const before = process.listenerCount('exit');
  const points = Array.from({ length: 20 }, mountPoint);
  assert.equal(process.listenerCount('exit'), before);
  for (const { remove } of points) remove();
});
