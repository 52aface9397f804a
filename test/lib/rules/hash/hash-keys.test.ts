import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { UsageError } from '../../../../lib/errors.ts';
import { keyedDigest, plainDigest } from '../../../../lib/rules/hash/digest.ts';
import {
  type HashKeys,
  hashKeySecret,
  hashKeysFrom,
} from '../../../../lib/rules/hash/hash-keys.ts';

const label = 'Secret ops/k (setting hashKey)';
const keys = (data: Record<string, string>): HashKeys =>
  hashKeysFrom(
    {
      data: Object.fromEntries(
        Object.entries(data).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
      ),
    },
    label,
  );
const one = 'one key of 16 by';
const two = 'another of more than 16 bytes';
const idOf = (key: string) => keyedDigest(Buffer.from(key)).keyId;
const ids = ({ current, earlier }: HashKeys) => [current, ...earlier].map(({ keyId }) => keyId);

suite('the keys of the Secret of hashKey', () => {
  test('are only the key, and records without a key are known', () => {
    assert.deepEqual(ids(keys({ key: one })), [idOf(one), undefined]);
  });

  test('are the key, no key and the previous key during a rotation', () => {
    assert.deepEqual(ids(keys({ key: two, previous: one })), [idOf(two), undefined, idOf(one)]);
  });

  test('are no key and the previous key while the key is switched off', () => {
    const off = keys({ previous: one });
    assert.equal(off.current, plainDigest);
    assert.deepEqual(ids(off), [undefined, idOf(one)]);
  });

  for (const [what, data, message] of [
    ['no key at all', {}, /has neither key nor previous/],
    ['an empty key', { key: '' }, /key has 0 bytes, and at least 16 random bytes are required/],
    ['a key that is too short', { key: one.slice(1) }, /key has 15 bytes/],
    ['a previous key that is too short', { key: one, previous: 'x' }, /previous has 1 bytes/],
    ['an entry that is perhaps misspelt', { key: one, previos: two }, /has "previos": only key /],
    ['a key under __proto__', JSON.parse(`{"__proto__":"${one}"}`), /has "__proto__"/],
  ] as const) {
    test(`are rejected with ${what}, with a message that names the Secret and contains no key`, () => {
      assert.throws(
        () => keys(data),
        (error) => {
          assert.ok(error instanceof UsageError);
          assert.equal(error.message.startsWith(label), true, error.message);
          assert.match(error.message, message);
          assert.ok(!error.message.includes(one.slice(1)) && !error.message.includes('\n'));
          return true;
        },
      );
    });
  }

  test('are rejected if the data is not that of a Secret', () => {
    for (const data of [null, { key: null }, { key: 7 }, { key: ['a'] }]) {
      assert.throws(() => hashKeysFrom({ data: data as never }, label), UsageError);
    }
  });
});

test("the Secret of hashKey is in wave-cron's namespace if the setting does not name one", () => {
  assert.deepEqual(hashKeySecret('k', 'ops'), { kind: 'Secret', namespace: 'ops', name: 'k' });
  const name = 'wave-cron-hash-key';
  assert.deepEqual(hashKeySecret('auto', 'ops'), { kind: 'Secret', namespace: 'ops', name });
  assert.deepEqual(hashKeySecret('a/auto', 'ops'), {
    kind: 'Secret',
    namespace: 'a',
    name: 'auto',
  });
  assert.deepEqual(hashKeySecret('a/k.b', 'ops'), { kind: 'Secret', namespace: 'a', name: 'k.b' });
});
