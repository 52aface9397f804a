import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sortedMembers } from '../../../lib/text/sorted-members.ts';

test('members are sorted in every object, and empty ones are removed', () => {
  const value = { b: [{ d: 1, c: null }, 'x'], a: { f: undefined, e: false } };
  assert.equal(JSON.stringify(sortedMembers(value)), '{"a":{"e":false},"b":[{"d":1},"x"]}');
  assert.equal(sortedMembers('text'), 'text');
  assert.equal(sortedMembers(null), null);
});
