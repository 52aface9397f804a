import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenAddress } from '../../../lib/settings/listen-address.ts';

for (const [text, host, port] of [
  [':8080', undefined, 8080],
  [':0', undefined, 0],
  ['localhost:65535', 'localhost', 65535],
  ['127.0.0.1:80', '127.0.0.1', 80],
  ['[::1]:8080', '::1', 8080],
  ['[::]:8080', '::', 8080],
] as const) {
  test(`the address ${text} is accepted`, () => {
    assert.deepEqual(listenAddress(text), { host, port });
  });
}

for (const text of [
  '',
  '8080',
  ':',
  ':65536',
  '::1:8080',
  '[x]:1',
  '[]:1',
  'a b:1',
  'http://a:1',
  ':-1',
]) {
  test(`the address "${text}" is rejected`, () => {
    assert.equal(listenAddress(text), undefined);
  });
}
