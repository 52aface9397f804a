/** Paths in another root file system, whose symbolic links are relative to its own root. */
import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const mostLinks = 40;

/**
 * Resolves the symbolic links of `path` in the root file system at `root`. For example,
 * `/var/run/secrets` becomes `/run/secrets` if `/var/run` is a link to `/run`. Parts that do not
 * exist stay unchanged.
 */
export function resolveInRoot(root: string, path: string): string {
  let left = path.split('/');
  const done: string[] = [];
  let links = 0;
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    done.push(part);
    const here = join(root, ...done);
    if (!lstatSync(here, { throwIfNoEntry: false })?.isSymbolicLink()) continue;
    if (++links > mostLinks) throw new Error(`too many symbolic links in ${path} of ${root}`);
    const to = readlinkSync(here);
    left = [...to.split('/'), ...left];
    if (to.startsWith('/')) done.length = 0;
    else done.pop();
  }
  return `/${done.join('/')}`;
}
