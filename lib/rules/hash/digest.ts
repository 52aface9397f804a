import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';

/** How a canonical text becomes a hash. */
export interface Digest {
  /** Tells records that were made with one key from those of another: 8 hex digits; undefined: no key. */
  readonly keyId: string | undefined;
  /** Begins a digest of a text that comes in pieces. */
  start(): DigestStream;
}

export interface DigestStream {
  update(piece: string): void;
  /** Of all pieces as one text, as UTF-8: 64 hex digits. To be called once. */
  hex(): string;
}

/** SHA-256, which anybody can compute who knows the data. */
export const plainDigest: Digest = {
  keyId: undefined,
  start: () => streamOf(createHash('sha256')),
};

/**
 * No canonical text, since those begin with a bracket: so what names the key is never the hash of a
 * configuration.
 */
const keyIdText = 'wave-cron hash key';

/** HMAC-SHA-256, which only who has the key can compute. */
export function keyedDigest(key: Uint8Array): Digest {
  const start = () => streamOf(createHmac('sha256', key));
  const ofText = start();
  ofText.update(keyIdText);
  return { keyId: ofText.hex().slice(0, 8), start };
}

function streamOf(hash: Hash | Hmac): DigestStream {
  return {
    update(piece) {
      hash.update(piece, 'utf8');
    },
    hex: () => hash.digest('hex'),
  };
}
