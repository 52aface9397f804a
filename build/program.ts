import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { writeLaunchers } from './launchers.ts';
import { noticesFile, noticesText } from './notices.ts';
import { buildPage } from './page.ts';

const root = join(import.meta.dirname, '..');

const options: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  chunkNames: 'chunks/[name]-[hash]',
  banner: {
    js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);",
  },
  logLevel: 'warning',
};

/** The program looks for it here: see jobs/ui/page-files.ts. */
const pageFolder = 'page';

/**
 * Bundles the current source into a folder, with the page of `wave-cron ui`, the notices of the bundled
 * packages and the files for kubectl.
 *
 * The program and the handler share no chunks. esbuild makes a chunk for each set of entry points that use
 * the same code, and each file that Node loads costs a pass about a millisecond of CPU time. With a shared
 * build, a pass loaded 43 files instead of 13.
 */
export async function buildProgram(folder: string): Promise<Metafile> {
  const parts = [
    { entryPoints: { 'wave-cron': 'jobs/start.ts' }, splitting: true },
    { entryPoints: { handler: 'handler/index.ts' }, splitting: false },
  ];
  const metafiles = await Promise.all([
    ...parts.map(async (part) => {
      const built = await build({ ...options, ...part, outdir: folder, metafile: true });
      return built.metafile;
    }),
    buildPage(join(folder, pageFolder)),
  ]);
  const metafile: Metafile = {
    inputs: Object.assign({}, ...metafiles.map(({ inputs }) => inputs)),
    outputs: Object.assign({}, ...metafiles.map(({ outputs }) => outputs)),
  };
  writeFileSync(resolve(root, folder, noticesFile), noticesText(metafile, root));
  const program = './wave-cron.js';
  const [interpreter = ''] = readFileSync(resolve(root, folder, program), 'utf8').split('\n', 1);
  writeLaunchers(resolve(root, folder), { interpreter, program, extension: '.js' });
  return metafile;
}
