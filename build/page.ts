/** Builds the page of `wave-cron ui` for browsers. */
import { cpSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';

const root = join(import.meta.dirname, '..');
const source = join(root, 'jobs/ui/page');

/** Files that a browser gets as they are. */
const copied = ['index.html', 'favicon.svg'];

/** Bundles the script and the style sheet of the page into a folder. */
export async function buildPage(folder: string): Promise<Metafile> {
  const outdir = resolve(root, folder);
  mkdirSync(outdir, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    bundle: true,
    minify: true,
    platform: 'browser',
    target: 'es2023',
    format: 'esm',
    charset: 'utf8',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryPoints: { page: join(source, 'main.tsx'), style: join(source, 'style.css') },
    outdir,
    metafile: true,
    logLevel: 'warning',
  });
  for (const file of copied) cpSync(join(source, file), join(outdir, file));
  return metafile;
}
