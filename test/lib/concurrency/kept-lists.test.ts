import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { KeptLists } from '../../../lib/concurrency/kept-lists.ts';

function counting(room: number) {
  const read: string[] = [];
  const lists = new KeptLists(
    room,
    async (key) => {
      read.push(key);
      return key.length;
    },
    (length) => length,
  );
  return { read, lists };
}

suite('lists', () => {
  test('are read once for each key, also at the same time', async () => {
    const { read, lists } = counting(10);
    assert.deepEqual(await Promise.all([lists.of('a'), lists.of('a')]), [1, 1]);
    assert.equal(await lists.of('a'), 1);
    assert.deepEqual(read, ['a']);
  });

  test('beyond the maximum are dropped, the oldest first, and read again', async () => {
    const { read, lists } = counting(5);
    for (const key of ['aa', 'bbb', 'c', 'bbb', 'c', 'aa']) await lists.of(key);
    assert.deepEqual(read, ['aa', 'bbb', 'c', 'aa']);
  });

  test('larger than the maximum are not kept', async () => {
    const { read, lists } = counting(2);
    assert.equal(await lists.of('abc'), 3);
    assert.equal(await lists.of('abc'), 3);
    assert.deepEqual(read, ['abc', 'abc']);
  });
});
