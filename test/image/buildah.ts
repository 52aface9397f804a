/** buildah with its own storage, which is removed when the process ends. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canRun } from '../../tools/control-plane/can-run.ts';

/** The configuration of an image, as the OCI defines it. */
export type ImageConfig = {
  User?: string;
  Env?: readonly string[];
  Entrypoint?: readonly string[];
  Cmd?: readonly string[];
  WorkingDir?: string;
  Labels?: Readonly<Record<string, string>>;
};

export type Buildah = {
  /** Builds from a folder. On failure, the error contains the last output of the build. */
  build(folder: string, tag: string, args?: readonly string[]): Promise<void>;
  /**
   * Creates an image from the files in a folder.
   *
   * @returns its name with its digest
   */
  pack(folder: string, name: string): Promise<string>;
  config(image: string): Promise<ImageConfig>;
  /** Copies the files of an image to a folder, and returns its path. */
  unpack(image: string): Promise<string>;
};

export const hasBuildah = (): boolean => canRun('buildah', '--version');

export function startBuildah(): Buildah {
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-buildah-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const storage = [
    ...['--root', join(folder, 'storage'), '--runroot', join(folder, 'run')],
    // This driver works on any file system, even inside a container.
    ...['--storage-driver', 'vfs'],
  ];
  const buildah = async (...args: string[]) => {
    const options = { maxBuffer: 64 << 20 };
    const { stdout } = await promisify(execFile)('buildah', [...storage, ...args], options);
    return stdout.trim();
  };
  const inspect = async (image: string) =>
    JSON.parse(await buildah('inspect', '--type', 'image', image)) as {
      FromImageDigest: string;
      OCIv1: { config: ImageConfig };
    };
  const build: Buildah['build'] = async (from, tag, args = []) => {
    await buildah('build', '--isolation', 'chroot', '--tag', tag, ...args, from);
  };
  return {
    build,
    async pack(from, name) {
      const file = join(folder, `${name}.Dockerfile`);
      writeFileSync(file, 'FROM scratch\nCOPY . /\n');
      await build(from, `localhost/${name}`, ['--file', file]);
      return `localhost/${name}@${(await inspect(`localhost/${name}`)).FromImageDigest}`;
    },
    config: async (image) => (await inspect(image)).OCIv1.config,
    unpack: async (image) => await buildah('mount', await buildah('from', image)),
  };
}
