/** The program as `npm install --global` installs it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { builtProgram } from './built-program.ts';

const manifest = join(import.meta.dirname, '../../package.json');

let path: string | undefined;

/** A PATH with the commands of the package and the Node of the tests. It is the same for all tests of a process. */
export function installedPath(): string {
  path ??= [install(), dirname(process.execPath), process.env['PATH']].join(':');
  return path;
}

/** @returns the folder of the commands */
function install(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-installed-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const { name, version, type, bin, engines } = JSON.parse(readFileSync(manifest, 'utf8'));
  // The bundle contains the libraries, so npm does not download anything.
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name, version, type, bin, engines }),
  );
  symlinkSync(builtProgram(), join(folder, 'dist'));
  const prefix = join(folder, 'prefix');
  execFileSync('npm', ['install', '--global', '--offline', '--prefix', prefix, folder]);
  return join(prefix, 'bin');
}
