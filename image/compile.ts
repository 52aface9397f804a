/**
 * Fills the folder that jobs/start.ts keeps compiled code in, for an image whose files cannot be
 * written to later. V8 takes compiled code only from the same Node, with the same flags, for files
 * of the same names, and Node keeps it by user: so this is run in the image, as its user.
 *
 *     node compile.ts /app/dist
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';

// With the digest of one architecture, in the place of an index, a build takes that for all.
const wanted = process.env['TARGETARCH'];
const own = { x64: 'amd64' }[process.arch as string] ?? process.arch;
if (wanted && wanted !== own) {
  throw new Error(
    `this is Node for ${own} in an image for ${wanted}: BUILD_IMAGE and BASE_IMAGE must be indexes of both architectures, also if they are named by digest`,
  );
}

const [folder = '', step] = process.argv.slice(2);
const cache = join(folder, 'compile-cache');
const chunks = join(folder, 'chunks');
// It runs the program when it is imported.
const isMain = (name: string): boolean => name.startsWith('main-');

if (step === 'chunks') {
  enableCompileCache(cache);
  const names = readdirSync(chunks).filter((name) => name.endsWith('.js') && !isMain(name));
  for (const name of names) await import(join(chunks, name));
  flushCompileCache();
} else {
  const program = join(folder, 'wave-cron.js');
  const [first = ''] = readFileSync(program, 'utf8').split('\n', 1);
  const flags = first.split(' ').filter((word) => word.startsWith('--'));
  for (const args of [
    [program, '--help'],
    [import.meta.filename, folder, 'chunks'],
  ]) {
    execFileSync(process.execPath, [...flags, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  // Node makes them for their owner alone, and in the image that is somebody else.
  for (const { parentPath, name } of readdirSync(cache, { recursive: true, withFileTypes: true }))
    chmodSync(join(parentPath, name), name.includes('.') ? 0o755 : 0o444);
}
