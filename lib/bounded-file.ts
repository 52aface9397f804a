import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Reads a file of at most this many bytes. With the bound, reading an endless file such as
 * /dev/zero also ends.
 *
 * @throws RangeError if the file is larger; errors of the file system
 */
export function readBounded(file: string, largest: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(largest + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(descriptor, buffer, length, buffer.length - length, null);
    }
    if (length > largest) throw new RangeError('too large');
    return buffer.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * A clause that follows the name of a file and says why the file could not be read.
 *
 * @param largest as given to `readBounded`
 */
export function whyUnreadable(error: unknown, largest: number): string {
  if (error instanceof RangeError) return `has more than ${largest} bytes`;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown error'})`;
}
