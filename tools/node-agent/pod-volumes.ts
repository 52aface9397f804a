/**
 * The volumes of a Pod as folders in its sandbox. The files have the same layout as with a kubelet,
 * so for a container all files of a volume change at the same time:
 *
 *     ..1/key            the files of one state
 *     ..data -> ..1      replaced by rename
 *     key -> ..data/key
 */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Pod } from './pod.ts';
import { type VolumeDeps, type VolumeFile, type VolumeFiles, volumeFiles } from './volume-files.ts';

export type PodVolumes = {
  /** Writes new and changed files. Throws VolumeError if a volume cannot be filled. */
  sync(): Promise<void>;
};

/** The folder of a volume in the file system of the Pod. */
export const volumeFolder = (folder: string, name: string): string => join(folder, 'volumes', name);

/** @param outside the path of the Pod's file system for writing, as seen by the agent */
export function podVolumes(outside: string, deps: VolumeDeps): PodVolumes {
  const { pod } = deps;
  const owner = ownerOf(pod);
  const written = new Map<string, Written>();
  return {
    async sync() {
      for (const volume of pod.spec.volumes ?? []) {
        const folder = volumeFolder(outside, volume.name);
        const files = await volumeFiles(volume, deps);
        const text = files === undefined ? '' : JSON.stringify([...files]);
        const before = written.get(volume.name) ?? { text: undefined, generation: 0, tops: [] };
        if (before.text === text) continue;
        if (files === undefined) makeEmpty(folder, owner);
        else writeFiles(folder, files, before, owner);
        const tops = topsOf(files);
        written.set(volume.name, { text, generation: before.generation + 1, tops });
      }
    },
  };
}

/** The last state that was written: its content, its number, and the names at the top level. */
type Written = { text: string | undefined; generation: number; tops: readonly string[] };

/** The permissions of volumes, by the kubelet's rules for fsGroup and tokens. */
type Owner = { fsGroup: number | undefined; onlyUser: number | undefined };

function ownerOf({ spec }: Pod): Owner {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const users = containers.map(
    ({ securityContext }) => securityContext?.runAsUser ?? spec.securityContext?.runAsUser,
  );
  const [first] = users;
  return {
    fsGroup: spec.securityContext?.fsGroup,
    onlyUser: users.every((user) => user === first) ? first : undefined,
  };
}

function makeEmpty(folder: string, { fsGroup }: Owner): void {
  mkdirSync(folder, { recursive: true });
  if (fsGroup !== undefined) chownSync(folder, 0, fsGroup);
  chmodSync(folder, fsGroup === undefined ? 0o777 : 0o2777);
}

function writeFiles(folder: string, files: VolumeFiles, before: Written, owner: Owner): void {
  const state = `..${before.generation + 1}`;
  mkdirSync(join(folder, state), { recursive: true });
  for (const [path, file] of files) writeVolumeFile(join(folder, state, path), file, owner);
  const temporary = join(folder, '..data_tmp');
  symlinkSync(state, temporary);
  renameSync(temporary, join(folder, '..data'));
  const tops = topsOf(files);
  for (const top of tops.filter((it) => !before.tops.includes(it)))
    symlinkSync(`..data/${top}`, join(folder, top));
  for (const top of before.tops.filter((it) => !tops.includes(it))) rmSync(join(folder, top));
  rmSync(join(folder, `..${before.generation}`), { recursive: true, force: true });
}

function topsOf(files: VolumeFiles | undefined): string[] {
  return [...new Set([...(files?.keys() ?? [])].map((path) => path.split('/')[0] ?? path))];
}

function writeVolumeFile(file: string, { content, mode, isToken }: VolumeFile, owner: Owner): void {
  const { fsGroup, onlyUser } = owner;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  if (fsGroup !== undefined) {
    chownSync(file, 0, fsGroup);
    chmodSync(file, mode | 0o440);
  } else if (isToken && onlyUser !== undefined) {
    chownSync(file, onlyUser, 0);
    chmodSync(file, mode);
  } else chmodSync(file, isToken ? 0o644 : mode);
}
