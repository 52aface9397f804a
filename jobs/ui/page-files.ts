import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WaveCronError } from '../../lib/errors.ts';

export interface PageFile {
  readonly contentType: string;
  readonly content: Buffer;
}

/** The files of the page, by path in URLs. */
export type PageFiles = ReadonlyMap<string, PageFile>;

/** The HTML document. It is the response for the address of each page. */
export const documentPath = '/';

const served: readonly (readonly [path: string, file: string, contentType: string])[] = [
  [documentPath, 'index.html', 'text/html; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ['/style.css', 'style.css', 'text/css; charset=utf-8'],
  ['/favicon.svg', 'favicon.svg', 'image/svg+xml'],
];

/**
 * The folders that may contain the built page: relative to the bundled program, and to its source
 * after `npm run build`.
 */
const folders = ['../page', '../../dist/page'].map((path) => join(import.meta.dirname, path));

/**
 * Reads the files of the page that `build/page.ts` creates.
 *
 * @param candidates the first of these folders that contains the files is used
 * @throws WaveCronError if none of them contains the files
 */
export function readPageFiles(candidates: readonly string[] = folders): PageFiles {
  const folder = candidates.find((each) => existsSync(join(each, 'page.js')));
  if (folder === undefined) {
    throw new WaveCronError('the files of the page are missing: run npm run build');
  }
  return new Map(
    served.map(([path, file, contentType]) => {
      return [path, { contentType, content: readFileSync(join(folder, file)) }];
    }),
  );
}
