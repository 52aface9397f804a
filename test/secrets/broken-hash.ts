/** Loaded before the program: a fault of ours whose message quotes the text that was to be hashed. */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

const fail = (text: unknown): never => {
  throw new TypeError(`cannot hash ${String(text)}`, { cause: text });
};

crypto.createHash = () => ({ update: fail }) as unknown as crypto.Hash;
syncBuiltinESMExports();
