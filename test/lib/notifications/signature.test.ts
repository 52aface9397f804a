/** The Standard Webhooks library verifies the signatures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { signatureHeaders, signingKey } from '../../../lib/notifications/signature.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const key = signingKey(secret) ?? assert.fail();
const body = '{"kind":"Digest","name":"\u00e4\u{1F600}"}';

test('a receiver verifies a message with the library', () => {
  const headers = signatureHeaders(key, 'id-1', body, new Date());
  assert.deepEqual(new Webhook(secret).verify(body, headers), JSON.parse(body));
});

test('a changed body, id or time, another key, and an old message are rejected', () => {
  const headers = signatureHeaders(key, 'id-1', body, new Date());
  const verify = (text: string, more: object, by = secret) =>
    new Webhook(by).verify(text, { ...headers, ...more });
  const old = signatureHeaders(key, 'id-1', body, new Date(Date.now() - 600_000));
  const other = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
  assert.throws(() => verify(`${body} `, {}));
  assert.throws(() => verify(body, { 'webhook-id': 'id-2' }));
  assert.throws(() =>
    verify(body, { 'webhook-timestamp': String(Math.floor(Date.now() / 1000) + 1) }),
  );
  assert.throws(() => verify(body, {}, other));
  assert.throws(() => verify(body, old), /too old/);
});

test('a key has 24 to 64 bytes in base64 after whsec_', () => {
  const of = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString('base64')}`;
  assert.equal(signingKey(of(24))?.length, 24);
  assert.equal(signingKey(of(64))?.length, 64);
  for (const text of [of(23), of(65), '', 'whsec_', 'secret', `${of(32)}\n`, of(32).slice(6)]) {
    assert.equal(signingKey(text), undefined, text);
  }
});
