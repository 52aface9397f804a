/**
 * The shell commands that set up the root file system of a container, in its own mount namespace.
 * The image is the lowest layer. Above it is a layer in memory for files that the container needs.
 * Then follow the mounts of every container, and the volumes. At the end, everything becomes
 * read-only if the container asks for that.
 */
import { dirname, join } from 'node:path';
import { type Image, rootPieces } from './images.ts';
import { resolveInRoot } from './root-path.ts';

export type Mount = {
  /** A file or a folder, in the file system of the Pod or of the machine. */
  source: string;
  /** The path in the container. */
  target: string;
  readOnly: boolean;
};

export type RootOptions = {
  image: Image;
  /** A folder in the Pod's file system in memory, only for this container. */
  folder: string;
  mounts: readonly Mount[];
  workingDir: string;
  readOnly: boolean;
};

export type RootFileSystem = {
  /** The path of the root file system. */
  root: string;
  /** Commands for `sh -eu`. */
  commands: string[];
};

const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

export function rootFileSystem(options: RootOptions): RootFileSystem {
  const { image, folder, mounts, workingDir, readOnly } = options;
  const root = join(folder, 'root');
  // A volume that is mounted inside another one comes after it, independent of the order in the
  // Pod.
  const sorted = mounts.toSorted((a, b) => a.target.length - b.target.length);
  const inRoot = (path: string) =>
    join(root, typeof image.root === 'string' ? resolveInRoot(image.root, path) : path);
  return {
    root,
    commands: [
      ...(typeof image.root === 'string'
        ? layered(image.root, folder, root)
        : pieced(image.root, root)),
      ...['/proc', '/sys', '/dev', '/etc', '/tmp', workingDir].map((path) =>
        makeFolder(inRoot(path)),
      ),
      sh('mount', '-t', 'proc', '-o', 'nosuid,nodev,noexec', 'proc', inRoot('/proc')),
      sh('mount', '-t', 'sysfs', '-o', 'ro,nosuid,nodev,noexec', 'sysfs', inRoot('/sys')),
      ...deviceFolder(inRoot('/dev')),
      ...sorted.flatMap(({ source, target, readOnly }) => bind(source, inRoot(target), readOnly)),
      ...(readOnly ? [sh('mount', '-o', 'remount,bind,ro', root)] : []),
    ],
  };
}

function layered(image: string, folder: string, root: string): string[] {
  const [upper, work] = [join(folder, 'upper'), join(folder, 'work')];
  const layers = `lowerdir=${image},upperdir=${upper},workdir=${work}`;
  return [
    ...[root, upper, work].map(makeFolder),
    sh('mount', '-t', 'overlay', '-o', layers, 'image', root),
  ];
}

function pieced(pieces: Readonly<Record<string, string>>, root: string): string[] {
  return [
    makeFolder(root),
    // Only a mount point can be made read-only later.
    sh('mount', '-o', 'bind', root, root),
    ...rootPieces(pieces).flatMap((piece) => {
      const target = join(root, piece.target);
      if (piece.kind !== 'link') return bind(piece.source, target, true);
      return [makeFolder(dirname(target)), sh('ln', '-s', piece.to, target)];
    }),
    makeFolder(join(root, 'tmp')),
    sh('chmod', '1777', join(root, 'tmp')),
  ];
}

function deviceFolder(folder: string): string[] {
  return [
    sh('mount', '-t', 'tmpfs', '-o', 'mode=755,nosuid', 'dev', folder),
    ...devices.flatMap((name) => bind(`/dev/${name}`, join(folder, name), false)),
    sh('ln', '-s', '/proc/self/fd', join(folder, 'fd')),
    ...['stdin', 'stdout', 'stderr'].map((name, number) =>
      sh('ln', '-s', `/proc/self/fd/${number}`, join(folder, name)),
    ),
    makeFolder(join(folder, 'shm')),
    sh('mount', '-t', 'tmpfs', '-o', 'mode=1777,nosuid,nodev,noexec', 'shm', join(folder, 'shm')),
  ];
}

function bind(source: string, target: string, readOnly: boolean): string[] {
  const [from, to] = [quote(source), quote(target)];
  return [
    makeFolder(dirname(target)),
    `if [ -d ${from} ]; then mkdir -p ${to}; else [ -e ${to} ] || : > ${to}; fi`,
    `mount -o bind${readOnly ? ',ro' : ''} ${from} ${to}`,
  ];
}

// Most folders exist already, and the test saves a process for each of them.
const makeFolder = (folder: string) => `[ -d ${quote(folder)} ] || ${sh('mkdir', '-p', folder)}`;

/** One command, with every word quoted. */
export const sh = (...words: readonly string[]): string => words.map(quote).join(' ');

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
