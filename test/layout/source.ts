/** The source files of the product, and what the tests of their layout read in them. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export const root = join(import.meta.dirname, '../..');
export const files: readonly string[] = globSync('{jobs,handler,lib}/**/*.{ts,tsx}', {
  cwd: root,
}).sort();

export interface Import {
  /** A file of this repository, from its root; or what stands in the quotes. */
  readonly target: string;
  readonly isLocal: boolean;
  /** Whether nothing of the import is there when the program runs. */
  readonly isOfTypes: boolean;
}

const text = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Static and dynamic imports and re-exports of a file, including imports of types. */
export function importsOf(file: string): Import[] {
  const imports =
    /(?:(?:import|export)\s+(type\s+)?(?:[\w*$\s{},]+\sfrom\s+)?|import\(\s*)'([^']+)'/g;
  return [...codeOf(file).matchAll(imports)].map(([, ofTypes, path = '']) => ({
    target: path.startsWith('.') ? normalize(join(dirname(file), path)) : path,
    isLocal: path.startsWith('.'),
    isOfTypes: ofTypes !== undefined,
  }));
}

/** A file without its comments. If a text, such as an address, looks like a comment, it stays. */
export function codeOf(file: string): string {
  return text(file).replaceAll(
    /^\s*\/\*[\s\S]*?\*\/|(?<=^|\s)\/\*\*? .*?\*\/|(?<=^|\s)\/\/ .*$/gm,
    '',
  );
}

/** Whether a file has types alone: then there is nothing that a test could run. */
export function hasTypesAlone(file: string): boolean {
  return !/^(export )?(const|let|(async )?function|class|\{|\*)/m.test(codeOf(file));
}

/** A chain of imports that ends where it begins; undefined if there is none. */
export function cycleIn(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const target of imports.get(file) ?? []) {
      const cycle = visit(target);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const cycle = visit(file);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
