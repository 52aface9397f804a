import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { noticesFile, noticesText } from './notices.ts';

const root = join(import.meta.dirname, '..');

/** Bundles the current source into a folder, with the notices of the bundled packages. */
export async function buildProgram(folder: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { 'wave-cron': 'jobs/start.ts', handler: 'handler/index.ts' },
    bundle: true,
    splitting: true,
    minify: true,
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    outdir: folder,
    chunkNames: 'chunks/[name]-[hash]',
    banner: {
      js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
    },
    logLevel: 'warning',
    metafile: true,
  });
  writeFileSync(resolve(root, folder, noticesFile), noticesText(metafile, root));
  return metafile;
}
