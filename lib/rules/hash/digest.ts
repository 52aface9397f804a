import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';

/** Computes the hash of a canonical text. */
export interface Digest {
  /** Identifies the key of a record: 8 hex digits; undefined without a key. */
  readonly keyId: string | undefined;
  /** Starts the digest of a text that arrives in parts. */
  start(): DigestStream;
}

export interface DigestStream {
  update(piece: string): void;
  /** The digest of all parts as one text in UTF-8: 64 hex digits. Call this function once. */
  hex(): string;
}

/** SHA-256 without a key. Anyone who knows the data can compute this digest. */
export const plainDigest: Digest = {
  keyId: undefined,
  start: () => streamOf(createHash('sha256')),
};

/**
 * The text whose digest is the id of a key. The text that is hashed for a configuration starts with
 * a bracket, and this text does not. So the id of a key never equals the hash of a configuration.
 */
const keyIdText = 'wave-cron hash key';

/** HMAC-SHA-256, which requires the key. */
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
