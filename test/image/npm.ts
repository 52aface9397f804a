/** The configuration and the cache of npm on this machine, for npm in a container. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * The file that the user's npmrc names as `cafile`. The container needs it too. Undefined if there is none.
 */
export async function npmAuthorities(): Promise<string | undefined> {
  const file = await npm('config', 'get', 'cafile');
  return file === 'null' ? undefined : file;
}

/** The folder with the packages that npm has fetched before. */
export const npmCache = (): Promise<string> => npm('config', 'get', 'cache');

/** The text of an npmrc that uses the same registry in the same way. */
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

/**
 * Fetches npm itself, in the version of this machine.
 *
 * @returns the path of a .tgz in that folder
 */
export async function fetchNpm(folder: string): Promise<string> {
  const name = `npm@${await npm('--version')}`;
  const pack = ['pack', '--silent', '--prefer-offline', '--pack-destination', folder, name];
  return join(folder, await npm(...pack));
}

async function npm(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('npm', args);
  return stdout.trim();
}
