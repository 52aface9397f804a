import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { oncePer } from '../../../lib/concurrency/once-per.ts';

suite('a value that is read once per key', () => {
  test('is read once, even if many callers ask at once or later', async () => {
    const read: string[] = [];
    const get = oncePer(async (key: string) => {
      read.push(key);
      return key.toUpperCase();
    });
    assert.deepEqual(await Promise.all([get('a'), get('a'), get('b')]), ['A', 'A', 'B']);
    assert.equal(await get('a'), 'A');
    assert.deepEqual(read, ['a', 'b']);
  });

  test('is read again after it was forgotten', async () => {
    let times = 0;
    const get = oncePer(async (_: string) => (times += 1));
    assert.deepEqual([await get('a'), await get('a')], [1, 1]);
    get.forget('a');
    assert.equal(await get('a'), 2);
  });

  test('fails for all callers, and is not tried again', async () => {
    let times = 0;
    const get = oncePer((_: string) => {
      times += 1;
      return Promise.reject(new Error('refused'));
    });
    await assert.rejects(get('a'), /refused/);
    await assert.rejects(get('a'), /refused/);
    assert.equal(times, 1);
  });
});
