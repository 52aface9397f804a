import { createHmac } from 'node:crypto';

/**
 * The headers that sign a message as in https://www.standardwebhooks.com: HMAC-SHA256 over id,
 * timestamp and body. A receiver checks the signature and whether the timestamp is recent.
 *
 * @param key see `signingKey`
 */
export function signatureHeaders(
  key: Buffer,
  id: string,
  body: string,
  now: Date,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`);
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature.digest('base64')}`,
  };
}

/**
 * The key in the text of a secret: `whsec_` and base64 of 24 to 64 bytes; undefined if the text has
 * another form.
 */
export function signingKey(text: string): Buffer | undefined {
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (encoded === undefined) return undefined;
  const key = Buffer.from(encoded, 'base64');
  return key.length >= 24 && key.length <= 64 ? key : undefined;
}
