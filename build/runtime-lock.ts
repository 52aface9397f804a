/**
 * Writes package.json and package-lock.json without the packages for development into a folder:
 *
 *     node build/runtime-lock.ts FOLDER
 *
 * `npm sbom --omit dev` leaves out a package that the program needs, if a package for development
 * needs it too.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Entry = { dev?: boolean; devDependencies?: object };
type Lock = { packages: Readonly<Record<string, Entry>> };

const root = join(import.meta.dirname, '..');
const [folder = '.'] = process.argv.slice(2);

function read<T>(name: string): T {
  return JSON.parse(readFileSync(join(root, name), 'utf8')) as T;
}

function write(name: string, content: object): void {
  writeFileSync(join(folder, name), JSON.stringify(content));
}

function withoutDev({ devDependencies: _, ...entry }: Entry): Entry {
  return entry;
}

const lock = read<Lock>('package-lock.json');
const kept = Object.entries(lock.packages).filter(([, { dev }]) => dev !== true);
const packages = Object.fromEntries(kept.map(([path, entry]) => [path, withoutDev(entry)]));
write('package.json', withoutDev(read<Entry>('package.json')));
write('package-lock.json', { ...lock, packages });
