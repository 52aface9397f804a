import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Reads a file of at most this many bytes. The bound also ends the reading of endless files such as
 * /dev/zero.
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
