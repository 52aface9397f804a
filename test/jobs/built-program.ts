/**
 * The program as users get it, bundled from the current source. The tests do not use dist, which
 * may be outdated or may be rewritten during the tests.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

let built: string | undefined;

/**
 * Builds the folder that `npm run build` calls dist, once for all tests of a process. It is deleted when the
 * process ends.
 */
export function builtProgram(): string {
  built ??= build();
  return built;
}

/** Node's arguments that start the program: the flags of its shebang line, and its file. */
export function builtCommand(): string[] {
  const program = join(builtProgram(), 'wave-cron.js');
  const [first = ''] = readFileSync(program, 'utf8').split('\n', 1);
  return [...first.split(' ').filter((word) => word.startsWith('--')), program];
}

function build(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-build-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  execFileSync(process.execPath, [join(root, 'build/main.ts'), folder]);
  // A container has another user than the creator of the folder.
  chmodSync(folder, 0o755);
  return folder;
}
