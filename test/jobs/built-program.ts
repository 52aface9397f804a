/** The program as users get it, bundled from the current source: dist may be older, or rewritten meanwhile. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

let built: string | undefined;

/** The folder that `npm run build` would call dist, the same for all tests of a process, until it ends. */
export function builtProgram(): string {
  built ??= build();
  return built;
}

/** Node's arguments for it: the flags of its first line, and its file. */
export function builtCommand(): string[] {
  const program = join(builtProgram(), 'wave-cron.js');
  const [first = ''] = readFileSync(program, 'utf8').split('\n', 1);
  return [...first.split(' ').filter((word) => word.startsWith('--')), program];
}

function build(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-build-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  execFileSync(process.execPath, [join(root, 'build/main.ts'), folder]);
  // The user of a Pod is not the one who made it.
  chmodSync(folder, 0o755);
  return folder;
}
