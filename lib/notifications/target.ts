import { X509Certificate } from 'node:crypto';
import { readBounded, whyUnreadable } from '../bounded-file.ts';
import { WaveCronError } from '../errors.ts';
import type { NotificationSettings } from '../settings/schema.ts';
import { secureUrlProblem } from '../text/secure-url.ts';
import { signingKey } from './signature.ts';

/** The address of a sink, and the options for sending its messages. All these values are secret. */
export interface Target {
  readonly url: string;
  /** The key of the signature; undefined if messages are not signed. */
  readonly key: Buffer | undefined;
  /** Trusted certificates in PEM; undefined: the certificates that Node trusts. */
  readonly ca: string | undefined;
}

const largestUrl = 4096;
const largestSecret = 1024;
const largestCa = 256 * 1024;

/**
 * Reads the files of a sink. Each pass calls it, so a rotated Secret counts from the next pass on.
 *
 * @throws WaveCronError that names the setting and the file, but does not quote the content of the
 * file
 */
export function readTarget({ url, urlFile, secretFile, caFile }: NotificationSettings): Target {
  return {
    url: url ?? urlIn(urlFile ?? ''),
    key: secretFile === undefined ? undefined : keyIn(secretFile),
    ca: caFile === undefined ? undefined : certificatesIn(caFile),
  };
}

function urlIn(file: string): string {
  const text = textOf('urlFile', file, largestUrl).trim();
  const problem = text === '' ? 'is empty' : secureUrlProblem(text);
  if (problem !== undefined) throw unusable('urlFile', file, problem);
  return text;
}

function keyIn(file: string): Buffer {
  const key = signingKey(textOf('secretFile', file, largestSecret).trim());
  if (key !== undefined) return key;
  throw unusable('secretFile', file, 'must have whsec_ and the base64 of 24 to 64 random bytes');
}

function certificatesIn(file: string): string {
  const text = textOf('caFile', file, largestCa);
  try {
    new X509Certificate(text);
  } catch {
    throw unusable('caFile', file, 'has no certificate in PEM');
  }
  return text;
}

function textOf(setting: string, file: string, largest: number): string {
  try {
    return readBounded(file, largest).toString('utf8');
  } catch (error) {
    throw unusable(setting, file, whyUnreadable(error, largest));
  }
}

function unusable(setting: string, file: string, problem: string): WaveCronError {
  return new WaveCronError(`${setting} ${file} ${problem}`);
}
