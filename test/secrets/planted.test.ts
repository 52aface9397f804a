import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { inspect } from 'node:util';
import { assertNoLeak, errorText, leaksIn, plantedValue, withoutLeak } from './planted.ts';

const value = plantedValue('shop/pin');
const base64 = (text: string, before = '') => Buffer.from(before + text).toString('base64');
const escaped = (start: string) =>
  [...Buffer.from(value)].map((byte) => `${start}${byte.toString(16)}`).join('');

suite('a planted value is found', () => {
  for (const [form, text] of Object.entries({
    'as it is': value,
    'in JSON': JSON.stringify({ value }),
    'in JSON in JSON': JSON.stringify(JSON.stringify({ value })),
    'in a URL': encodeURIComponent(value),
    'in a query': new URLSearchParams({ value }).toString(),
    'in base64': base64(value),
    'in base64 after one byte': base64(value, 'x'),
    'in base64 after two bytes': base64(value, 'xy'),
    'in base64 for URLs': Buffer.from(value).toString('base64url'),
    'in base64 of base64': base64(base64(value)),
    'in hex': Buffer.from(value).toString('hex'),
    'in hex with capitals': Buffer.from(value).toString('hex').toUpperCase(),
    'with every byte escaped as for a URL': escaped('%'),
    'with every byte escaped as in JSON': escaped('\\u00'),
    'with every byte escaped as in a shell': escaped('\\x'),
    'as the bytes of a Buffer in JSON': JSON.stringify(Buffer.from(value)),
    'as a Buffer is shown': inspect(Buffer.from(value)),
    'in part': value.slice(0, 30),
    'in capitals': value.toUpperCase(),
  })) {
    test(form, () => {
      const around = `some text ${text} and more`;
      assert.notDeepEqual(leaksIn(around), []);
      assert.throws(() => assertNoLeak('it', around), /it shows the value of a Secret/);
    });
  }

  test('in the message, the cause and the fields of an error', async () => {
    for (const error of [
      new Error(value),
      new Error('x', { cause: new Error(value) }),
      Object.assign(new Error('x'), { body: { value } }),
    ]) {
      assert.notDeepEqual(leaksIn(errorText(error)), []);
      await assert.rejects(
        withoutLeak('it', () => Promise.reject(error)),
        /the error of it shows the value/,
      );
    }
  });
});

test('nothing is found in a text without a planted value', () => {
  assert.deepEqual(leaksIn('Secret/planted changed: 1234, 5678 [1, 2, 3]'), []);
  assert.deepEqual(leaksIn(base64('another value of the same length')), []);
});
