/**
 * Replaces container images. Nothing is pulled. An image is a folder with a root file system, or
 * several folders of this machine that are combined to one. It also has the settings of an image
 * configuration.
 *
 *     images: { 'wave-cron:test': hostImage({ folders: { '/app': repository }, entrypoint: ['node', …] }) }
 */
import { lstatSync, readlinkSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export type Image = {
  /**
   * A folder with a root file system; or files and folders of this machine by their paths in the
   * container. Containers never write to them.
   */
  root: string | Readonly<Record<string, string>>;
  entrypoint?: readonly string[];
  cmd?: readonly string[];
  env?: Readonly<Record<string, string>>;
  workingDir?: string;
  /** The numeric user of the image. Default: root, as for any image. */
  user?: number;
};

export type Images = Readonly<Record<string, Image>>;

export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const systemFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/etc/ssl', '/etc/passwd'];

/**
 * An image with the programs of this machine. The Node.js that runs the tests is first in its PATH.
 */
export function hostImage(
  image: Omit<Image, 'root'> & { folders: Readonly<Record<string, string>> },
): Image {
  const { folders, ...settings } = image;
  const system = systemFolders.filter(exists).map((folder) => [folder, folder] as const);
  // /usr/local/bin belongs to the machine and is read-only here, so nothing can be added to it.
  const node = { '/opt/node/bin/node': process.execPath };
  const env = { PATH: `/opt/node/bin:${defaultPath}`, ...settings.env };
  return { ...settings, env, root: { ...Object.fromEntries(system), ...node, ...folders } };
}

/** One part of a combined root file system. */
export type RootPiece =
  | { kind: 'folder' | 'file'; target: string; source: string }
  | { kind: 'link'; target: string; to: string };

/** The parts of a combined root file system. A folder comes before the paths inside it. */
export function rootPieces(root: Readonly<Record<string, string>>): RootPiece[] {
  const targets = Object.keys(root).sort();
  return targets.map((target) => {
    const source = root[target] ?? '';
    const to = linkInside(root, source);
    // For example /bin, which is a link to usr/bin on most systems.
    if (to !== undefined) return { kind: 'link', target, to };
    return { kind: statSync(source).isDirectory() ? 'folder' : 'file', target, source };
  });
}

/** The target of `source`, if it is a link and its target has the same path in the container. */
function linkInside(root: Readonly<Record<string, string>>, source: string): string | undefined {
  if (!lstatSync(source).isSymbolicLink()) return undefined;
  const to = resolve(dirname(source), readlinkSync(source));
  const isThere = Object.entries(root).some(
    ([target, from]) => target === from && to.startsWith(`${target}/`),
  );
  return isThere ? to : undefined;
}

function exists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
