import { closeSync, openSync, readSync } from 'node:fs';

/**
 * The content of a file of at most so many bytes. It also ends the reading of /dev/zero and the like.
 *
 * @throws RangeError where there is more, and what the file system says
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
