import { readBounded } from '../../bounded-file.ts';
import { UsageError } from '../../errors.ts';
import { firstLine } from '../../text/first-line.ts';

const largestFile = 1024 * 1024;

/**
 * Reads the text of a kubeconfig in UTF-8, or in UTF-16 with a byte order mark. PowerShell on
 * Windows uses UTF-16 if the output of `kubectl config view` goes to a file.
 *
 * @throws UsageError of one line if it cannot be read
 */
export function readKubeconfigText(file: string): string {
  const bytes = bytesOf(file);
  const text = new TextDecoder(encodingOf(bytes)).decode(bytes);
  if (text.includes('\0')) {
    throw new UsageError(
      `kubeconfig ${file}: it is neither UTF-8 nor UTF-16 with a byte order mark: save it as UTF-8`,
    );
  }
  return text;
}

function encodingOf([first, second]: Buffer): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return 'utf-8';
}

function bytesOf(file: string): Buffer {
  try {
    return readBounded(file, largestFile);
  } catch (error) {
    if (error instanceof RangeError) {
      throw new UsageError(
        `kubeconfig ${file}: is larger than 1 MiB, the limit for a kubeconfig: extract one context with kubectl config view --minify --flatten`,
      );
    }
    throw new UsageError(`kubeconfig ${file}: cannot be read: ${firstLine(error)}`);
  }
}
