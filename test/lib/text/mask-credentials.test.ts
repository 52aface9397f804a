import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { credentialsIn, maskCredentials } from '../../../lib/text/mask-credentials.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

suite('a text without credentials', () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ['a token is "abc", abc', ['abc'], 'a token is "***", ***'],
    ['nothing here', ['abc'], 'nothing here'],
    ['nothing here', [''], 'nothing here'],
    ['Bearer abcdef', ['abc', 'abcdef'], 'Bearer ***'],
    ['a.c and abc', ['a.c'], '*** and abc'],
  ];
  for (const [text, secrets, masked] of cases) {
    test(`is ${JSON.stringify(masked)} for ${JSON.stringify(text)}`, () => {
      assert.equal(maskCredentials(text, secrets), masked);
    });
  }

  test('has none of them, even if they overlap', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1 }), letters, (secrets, text) => {
        const masked = maskCredentials(text + secrets.join(''), secrets);
        for (const secret of secrets) assert.ok(!masked.includes(secret), masked);
      }),
    );
  });
});

suite('the credentials of a request', () => {
  test('are the whole header, its parameter, and the parts of a pair', () => {
    assert.deepEqual(credentialsIn({ Authorization: 'Bearer abc' }), ['Bearer abc', 'abc']);
    const pair = base64('me:p:ä');
    assert.deepEqual(credentialsIn({ 'proxy-authorization': `Basic ${pair}` }), [
      ...[`Basic ${pair}`, pair, 'me:p:ä', 'p:ä', 'p%3A%C3%A4'],
    ]);
  });

  test('are those of all such headers, but not of other headers', () => {
    const headers = {
      authorization: ['Bearer a', 'Bearer b'],
      cookie: 'c',
      'x-authorization': 'd',
    };
    assert.deepEqual(credentialsIn(headers), ['Bearer a', 'a', 'Bearer b', 'b']);
  });

  test('are the header itself if it has no scheme', () => {
    assert.deepEqual(credentialsIn({ authorization: 'abc' }), ['abc', '']);
  });
});
