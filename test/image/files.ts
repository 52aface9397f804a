/** The files in the root file system of an image. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export type ImageFile = { name: string; size: number; uid: number; mode: number };

/** All files except folders, with their names in the image. */
export function filesOf(root: string): ImageFile[] {
  const files: ImageFile[] = [];
  // A recursive readdir would follow links to folders.
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const name = join(folder, entry.name);
      if (entry.isDirectory()) {
        visit(name);
        continue;
      }
      const { size, uid, mode } = lstatSync(join(root, name));
      files.push({ name, size, uid, mode });
    }
  };
  visit('/');
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The files that an image has, but its base does not have or has with another size. */
export function addedFiles(root: string, base: string): ImageFile[] {
  const known = new Map(filesOf(base).map(({ name, size }) => [name, size]));
  return filesOf(root).filter(({ name, size }) => known.get(name) !== size);
}
