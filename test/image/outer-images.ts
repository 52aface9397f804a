/** The files of the two images that the Dockerfile starts from. They replace the images of a registry. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { unpackPackages, withDependencies } from './debian-packages.ts';
import { fetchNpm, npmAuthorities } from './npm.ts';

/**
 * The image for BASE_IMAGE: the part of the default image that Node needs. It contains no shell, no
 * libatomic and no users.
 */
export const makeBase = (root: string): Promise<void> =>
  unpackPackages(['base-files', 'libc6', 'libgcc-s1', 'libstdc++6'], root);

/**
 * The image for BUILD_IMAGE: Node and npm at their paths in the default image. Node is the binary
 * that runs the tests.
 */
export async function makeBuild(root: string): Promise<void> {
  const packages = ['dash', 'coreutils', 'libatomic1', 'libstdc++6'];
  await unpackPackages(await withDependencies(packages), root);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  const [bin, npm] = ['usr/local/bin', 'usr/local/lib/node_modules/npm'];
  for (const folder of [bin, npm]) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(process.execPath, join(root, bin, 'node'));
  await unpackNpm(join(root, npm));
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, bin, 'npm'));
  const authorities = await npmAuthorities();
  if (authorities === undefined) return;
  mkdirSync(dirname(join(root, authorities)), { recursive: true });
  copyFileSync(authorities, join(root, authorities));
}

async function unpackNpm(folder: string): Promise<void> {
  const downloads = mkdtempSync(join(tmpdir(), 'wave-cron-npm-'));
  try {
    const file = await fetchNpm(downloads);
    await promisify(execFile)('tar', ['-xzf', file, '-C', folder, '--strip-components=1']);
  } finally {
    rmSync(downloads, { recursive: true });
  }
}
