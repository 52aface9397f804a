import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceMemory } from '../../../handler/reading/source-memory.ts';

const MiB = 1024 * 1024;

test('a source is only read ahead if there is memory for it, and always has memory when it is its turn', () => {
  const memory = sourceMemory(MiB);
  const kept = [];
  for (let more = memory.ahead('a'); more !== undefined; more = memory.ahead('a')) kept.push(more);
  assert.ok(kept.length > 0);
  assert.equal(memory.now('a').admits(64 * 1024), true);
  assert.equal(memory.now('a').admits(65 * 1024), false);
  assert.notEqual(memory.ahead('b'), undefined);
  for (const each of kept) each.giveBack();
  assert.notEqual(memory.ahead('a'), undefined);
});

test('a source in memory counts with its bytes until it is released', () => {
  const memory = sourceMemory(MiB);
  const large = memory.now('a');
  assert.equal(large.admits(300_000), true);
  assert.equal(large.keep(), true);
  assert.equal(large.bytes, 300_000);
  assert.equal(memory.now('a').admits(64 * 1024 + 300_000), false);
  large.giveBack();
  large.giveBack();
  assert.equal(memory.now('a').admits(64 * 1024 + 300_000), true);
});

test('one source is always let through, up to the largest possible response', () => {
  const memory = sourceMemory(MiB);
  assert.equal(memory.large().admits(8 * MiB), true);
  assert.equal(memory.large().admits(8 * MiB + 1), false);
});
