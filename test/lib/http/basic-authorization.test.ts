import assert from 'node:assert/strict';
import { test } from 'node:test';
import { basicAuthorization, percentDecoded } from '../../../lib/http/basic-authorization.ts';

test('the user and the password of a URL become a header, and a URL without them none', () => {
  const header = (url: string) => basicAuthorization(new URL(url));
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`;
  assert.equal(header('https://example.com/a:b@c'), undefined);
  assert.equal(header('https://user:pass@example.com'), basic('user:pass'));
  assert.equal(header('https://:p%40ss@example.com'), basic(':p@ss'));
  assert.equal(header('https://100%@example.com'), basic('100%:'));
});

test('a percent sign without an escape stays as it is', () => {
  assert.equal(percentDecoded('a%20b'), 'a b');
  assert.equal(percentDecoded('100%'), '100%');
});
