/**
 * What stands in for container images. Nothing is pulled: an image is a folder with a root file
 * system, or a set of folders of this machine that are put together to one, and the settings that
 * an image has in its configuration.
 *
 *     images: { 'wave-cron:test': hostImage({ folders: { '/app': repository }, entrypoint: ['node', …] }) }
 */
import { lstatSync, readlinkSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

export type Image = {
  /**
   * A folder that holds a root file system; or, by their paths in the container, files and folders
   * of this machine. Containers never write to any of them.
   */
  root: string | Readonly<Record<string, string>>;
  entrypoint?: readonly string[];
  cmd?: readonly string[];
  env?: Readonly<Record<string, string>>;
  workingDir?: string;
  /** The numeric user of the image; root where not set, as for any image. */
  user?: number;
};

export type Images = Readonly<Record<string, Image>>;

export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const systemFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/etc/ssl', '/etc/passwd'];

/** An image of the programs of this machine, with the node that runs the tests first in its PATH. */
export function hostImage(
  image: Omit<Image, 'root'> & { folders: Readonly<Record<string, string>> },
): Image {
  const { folders, ...settings } = image;
  const system = systemFolders.filter(exists).map((folder) => [folder, folder] as const);
  // Nothing can be put into /usr/local/bin, which is the machine's own and read-only here.
  const node = { '/opt/node/bin/node': process.execPath };
  const env = { PATH: `/opt/node/bin:${defaultPath}`, ...settings.env };
  return { ...settings, env, root: { ...Object.fromEntries(system), ...node, ...folders } };
}

/** One piece of a root file system that is put together. */
export type RootPiece =
  | { kind: 'folder' | 'file'; target: string; source: string }
  | { kind: 'link'; target: string; to: string };

/** The pieces of a root that is a map; outer folders come before what is inside them. */
export function rootPieces(root: Readonly<Record<string, string>>): RootPiece[] {
  const targets = Object.keys(root).sort();
  return targets.map((target) => {
    const source = root[target] ?? '';
    const to = linkInside(root, source);
    // Such as /bin, which is a link to usr/bin on most systems.
    if (to !== undefined) return { kind: 'link', target, to };
    return { kind: statSync(source).isDirectory() ? 'folder' : 'file', target, source };
  });
}

/** Where `source` points to, if it is a link whose aim is in the container at the same place. */
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
