import { createHash, timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import { readBounded, whyUnreadable } from '../../lib/bounded-file.ts';

/** Shorter tokens could be guessed. */
const minBytes = 16;
/** A longer token does not fit into the head of a request. */
const maxBytes = 3072;

export type TokenCheck =
  | { readonly kind: 'right' }
  | { readonly kind: 'wrong' }
  /** The file has no usable token. `problem` names the file and says what is wrong with it. */
  | { readonly kind: 'unusable'; readonly problem: string };

/**
 * The bearer token in a file, such as a mounted Secret. When the file has changed, it is read
 * again, so a new token needs no restart.
 */
export class BearerToken {
  readonly #file: string;
  #version: string | undefined;
  #content: Content = { problem: 'not read yet' };

  constructor(file: string) {
    this.#file = file;
  }

  /** Why every token is currently rejected; undefined if the file has a token. */
  problem(): string | undefined {
    const content = this.#read();
    return 'problem' in content ? content.problem : undefined;
  }

  /** Checks the header `authorization`. */
  check(authorization: string | undefined): TokenCheck {
    const content = this.#read();
    if ('problem' in content) return { kind: 'unusable', problem: content.problem };
    return { kind: isGiven(authorization, content.digest) ? 'right' : 'wrong' };
  }

  #read(): Content {
    try {
      const { mtimeNs, ctimeNs, ino, size } = statSync(this.#file, { bigint: true });
      const version = [mtimeNs, ctimeNs, ino, size].join();
      if (version !== this.#version) this.#content = contentOf(readBounded(this.#file, maxBytes));
      this.#version = version;
    } catch (error) {
      this.#version = undefined;
      this.#content = { problem: whyUnreadable(error, maxBytes) };
    }
    const content = this.#content;
    return 'problem' in content ? { problem: `${this.#file} ${content.problem}` } : content;
  }
}

type Content = { readonly digest: Buffer } | { readonly problem: string };

function contentOf(bytes: Buffer): Content {
  const token = bytes.toString('latin1').replace(/\s+$/, '');
  if (token === '') return { problem: 'is empty' };
  if (token.length < minBytes) {
    return { problem: `has a token of less than ${minBytes} bytes, which could be guessed` };
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    return { problem: 'has a token with characters that a header cannot have' };
  }
  return { digest: digest(token) };
}

/**
 * Whether the header `authorization` has the token with this digest. It compares two digests of the
 * same length, so the time of the comparison does not depend on the token.
 */
export function isGiven(authorization: string | undefined, token: Buffer): boolean {
  const [, given = ''] = /^bearer +([^ ]+) *$/i.exec(authorization ?? '') ?? [];
  return timingSafeEqual(digest(given), token);
}

/** The digest of a token. */
export function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest();
}
