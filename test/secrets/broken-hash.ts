/** Is loaded before the program. It simulates a bug: an error whose message quotes the text to be hashed. */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

const fail = (text: unknown): never => {
  throw new TypeError(`cannot hash ${String(text)}`, { cause: text });
};

crypto.createHash = () => ({ update: fail }) as unknown as crypto.Hash;
syncBuiltinESMExports();
