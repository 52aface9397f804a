/**
 * wave-cron's program as users get it, bundled, as an image for the node agent. The image of the
 * Dockerfile has tests of its own (test/image): this one is there in a second, also without buildah.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { hostImage, type Image } from '../node-agent/images.ts';

const root = join(import.meta.dirname, '../..');

let image: Image | undefined;

/** The same for all tests of a process, until it ends. */
export function programImage(): Image {
  image ??= build();
  return image;
}

/**
 * Bundles the current source with the very command of `npm run build`, into a folder of its own:
 * dist may be older, or may be rewritten meanwhile.
 */
function build(): Image {
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-build-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const command = String(scripts.build)
    .split(' && ')
    .find((part) => part.startsWith('esbuild '));
  if (!command?.includes(' --outdir=dist ')) {
    throw new Error('npm run build has no esbuild command with --outdir=dist any more');
  }
  execFileSync('sh', ['-c', command.replace(' --outdir=dist ', ` --outdir='${folder}' `)], {
    cwd: root,
    env: { PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH']}` },
  });
  // The user of the Pod is not the one who made it.
  chmodSync(folder, 0o755);
  return hostImage({
    folders: { '/app/dist': folder, '/app/package.json': join(root, 'package.json') },
    entrypoint: ['/app/dist/wave-cron.js'],
  });
}
