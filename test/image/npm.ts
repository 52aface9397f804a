/** What the npm of this machine knows, for an npm in a container. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Where the user's npmrc names a file, as it does with `cafile`, the container has to have it too. */
export async function npmAuthorities(): Promise<string | undefined> {
  const file = await npm('config', 'get', 'cafile');
  return file === 'null' ? undefined : file;
}

/** The folder of what it has fetched before. */
export const npmCache = (): Promise<string> => npm('config', 'get', 'cache');

/** The text of an npmrc that reaches the same registry in the same way. */
export async function npmSettings(): Promise<string> {
  const [user, registry, authorities] = await Promise.all([
    npm('config', 'get', 'userconfig'),
    npm('config', 'get', 'registry'),
    npmAuthorities(),
  ]);
  return [
    ...(existsSync(user) ? [readFileSync(user, 'utf8')] : []),
    `registry=${registry}`,
    ...(authorities === undefined ? [] : [`cafile=${authorities}`]),
    'prefer-offline=true',
    '',
  ].join('\n');
}

/** Fetches npm itself, of the version that is here. @returns a .tgz in that folder */
export async function fetchNpm(folder: string): Promise<string> {
  const name = `npm@${await npm('--version')}`;
  const pack = ['pack', '--silent', '--prefer-offline', '--pack-destination', folder, name];
  return join(folder, await npm(...pack));
}

async function npm(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('npm', args);
  return stdout.trim();
}
