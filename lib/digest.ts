import { createHash, createHmac } from 'node:crypto';

/** How a canonical text becomes a hash. */
export interface Digest {
  /** Tells records that were made with one key from those of another: 8 hex digits; undefined: no key. */
  readonly keyId: string | undefined;
  /** 64 hex digits. */
  hex(text: string): string;
}

/** SHA-256, which anybody can compute who knows the data. */
export const plainDigest: Digest = {
  keyId: undefined,
  hex: (text) => createHash('sha256').update(text, 'utf8').digest('hex'),
};

/**
 * No canonical text, since those begin with a bracket: so what names the key is never the hash of a
 * configuration.
 */
const keyIdText = 'wave-cron hash key';

/** HMAC-SHA-256, which only who has the key can compute. */
export function keyedDigest(key: Uint8Array): Digest {
  const hex = (text: string): string =>
    createHmac('sha256', key).update(text, 'utf8').digest('hex');
  return { keyId: hex(keyIdText).slice(0, 8), hex };
}
