import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { type Digest, keyedDigest, plainDigest } from '../../../../lib/rules/hash/digest.ts';

const key = Buffer.from('0123456789abcdef');

function hexOf(digest: Digest, pieces: readonly string[]): string {
  const stream = digest.start();
  for (const piece of pieces) stream.update(piece);
  return stream.hex();
}

suite('a digest', () => {
  test('is SHA-256 without a key, and HMAC-SHA-256 with one, over all pieces as one text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (pieces) => {
        const text = pieces.join('');
        const plain = createHash('sha256').update(text).digest('hex');
        assert.equal(hexOf(plainDigest, pieces), plain);
        const keyed = createHmac('sha256', key).update(text).digest('hex');
        assert.equal(hexOf(keyedDigest(key), pieces), keyed);
      }),
    );
  });

  test('names its key by constant digits that do not reveal it', () => {
    assert.equal(plainDigest.keyId, undefined);
    const { keyId } = keyedDigest(key);
    assert.match(keyId ?? '', /^[0-9a-f]{8}$/);
    assert.equal(keyedDigest(key).keyId, keyId);
    assert.notEqual(keyedDigest(Buffer.from('fedcba9876543210')).keyId, keyId);
  });
});
