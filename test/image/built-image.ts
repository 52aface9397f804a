/** The image of the Dockerfile. It is built on images that are made here, without a registry. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasBuildah, type ImageConfig, startBuildah } from './buildah.ts';
import { whyNoDebianPackages } from './debian-packages.ts';
import { npmCache, npmSettings } from './npm.ts';
import { makeBase, makeBuild } from './outer-images.ts';

export type BuiltImage = {
  config: ImageConfig;
  /** A folder with the files of the image. */
  root: string;
  /** The base image: its name with its digest, and its files. */
  base: { name: string; root: string };
};

export const revision = '0123456789abcdef0123456789abcdef01234567';
export const source = 'https://git.example.com/wave-cron';

/** The value for `skip`: false, or the reason why the image cannot be built on this machine. */
export function skipWithoutBuild(): false | string {
  if (process.platform !== 'linux') return `it needs Linux, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'it needs root (run the tests with sudo)';
  if (!hasBuildah()) return 'there is no buildah (on Debian, run: apt-get install buildah)';
  return whyNoDebianPackages() ?? false;
}

export async function buildImage(): Promise<BuiltImage> {
  const buildah = startBuildah();
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-image-'));
  try {
    const [baseRoot, buildRoot] = [join(folder, 'base'), join(folder, 'build')];
    for (const root of [baseRoot, buildRoot]) mkdirSync(root);
    await Promise.all([makeBase(baseRoot), makeBuild(buildRoot)]);
    const base = await buildah.pack(baseRoot, 'base');
    const build = await buildah.pack(buildRoot, 'build');
    const npmrc = join(folder, 'npmrc');
    writeFileSync(npmrc, await npmSettings());
    const name = 'localhost/wave-cron';
    await buildah.build(join(import.meta.dirname, '../..'), name, [
      ...['--build-arg', `BASE_IMAGE=${base}`, '--build-arg', `BUILD_IMAGE=${build}`],
      ...['--build-arg', `REVISION=${revision}`, '--build-arg', `SOURCE=${source}`],
      ...['--network', 'host', '--secret', `id=npmrc,src=${npmrc}`],
      // Packages that this machine has fetched before are not fetched again.
      ...['--volume', `${await npmCache()}:/root/.npm`],
    ]);
    return {
      config: await buildah.config(name),
      root: await buildah.unpack(name),
      base: { name: base, root: await buildah.unpack(base) },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
