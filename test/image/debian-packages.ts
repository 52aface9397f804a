/**
 * Root file systems from Debian packages, for the images on which ours is built. No registry of images is
 * needed.
 */
import { execFile } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canRun } from '../../tools/control-plane/can-run.ts';

const run = promisify(execFile);

/** The missing programs, as a message; undefined if Debian packages are available. */
export function whyNoDebianPackages(): string | undefined {
  const areThere = canRun('dpkg-deb', '--version') && canRun('apt-cache', 'show', 'libc6');
  return areThere
    ? undefined
    : 'there are no lists of Debian packages (on Debian, run: apt-get update)';
}

/** These packages and all packages on which they depend. */
export async function withDependencies(names: readonly string[]): Promise<string[]> {
  const kinds = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'];
  const without = kinds.map((kind) => `--no-${kind}`);
  const { stdout } = await run('apt-cache', ['depends', '--recurse', ...without, ...names]);
  // The output has one package per line, with its dependencies indented below it. Packages that do not
  // exist are in brackets.
  return stdout.split('\n').filter((line) => /^[a-z]/.test(line));
}

/** Unpacks packages for this machine's architecture into an empty folder, without running their scripts. */
export async function unpackPackages(names: readonly string[], folder: string): Promise<void> {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(folder, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(folder, name));
  }
  const downloads = mkdtempSync(join(tmpdir(), 'wave-cron-packages-'));
  try {
    // The user that apt uses for downloads may not write to this folder.
    const args = ['download', '-q', '-o', 'APT::Sandbox::User=root', ...names];
    await run('apt-get', args, { cwd: downloads });
    for (const file of globSync(join(downloads, '*.deb'))) {
      // dpkg-deb --extract would replace the links with folders.
      const script = 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"';
      await run('bash', ['-o', 'pipefail', '-c', script, 'bash', file, folder]);
    }
  } finally {
    rmSync(downloads, { recursive: true });
  }
}
