/** The imports between the TypeScript files of a clone. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Each file by its path in the clone, with the files that it imports or starts. */
export type Imports = ReadonlyMap<string, readonly string[]>;

export function readImports(root: string): Imports {
  const files = globSync('{jobs,handler,lib,image,tools,test}/**/*.ts', { cwd: root });
  return new Map(
    files.map((file) => [file, importsOf(file, readFileSync(join(root, file), 'utf8'))]),
  );
}

/**
 * The files that a file imports (statically or not) or re-exports, and the programs that it starts by a
 * path relative to its folder. Imports of types are left out, because they do not run anything.
 */
function importsOf(file: string, text: string): string[] {
  const code = text.replaceAll(/^(?:import|export) type [^;]*;/gm, '');
  const found = code.matchAll(
    /(?:from\s+|import\s+|import\(\s*|import\.meta\.dirname, )'(\.[^']+\.ts)'/g,
  );
  return [...found].map(([, path = '']) => normalize(join(dirname(file), path)));
}

export function importersOf(imports: Imports, file: string): string[] {
  return [...imports].filter(([, imported]) => imported.includes(file)).map(([path]) => path);
}

/** All files that a file needs, including itself. */
export function closureOf(imports: Imports, file: string): Set<string> {
  const all = new Set([file]);
  for (const each of all) for (const imported of imports.get(each) ?? []) all.add(imported);
  return all;
}
