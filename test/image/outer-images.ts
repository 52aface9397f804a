/** Files for the two images that the Dockerfile starts from, in the place of those that a registry would give. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { unpackPackages, withDependencies } from './debian-packages.ts';
import { fetchNpm, npmAuthorities } from './npm.ts';

/** For BASE_IMAGE: what Node needs of the default one; no shell, no libatomic, and not even users. */
export const makeBase = (root: string): Promise<void> =>
  unpackPackages(['base-files', 'libc6', 'libgcc-s1', 'libstdc++6'], root);

/** For BUILD_IMAGE: Node and npm where the default one has them. The Node is that which runs the tests. */
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
