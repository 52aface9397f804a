import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', '""'],
};

/**
 * Opens an address in the user's browser. All users of the machine can see the arguments of a process.
 * So the browser gets a file that only this user can read, and the file redirects to the address.
 *
 * @param onFailure called if the program that opens files cannot start
 * @returns a function that removes the file
 */
export function openBrowser(
  address: string,
  onFailure: () => void,
  [program = 'xdg-open', ...args] = openers[process.platform] ?? [],
): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'wave-cron-ui-'));
  const file = join(folder, 'open.html');
  const page = `<!doctype html><title>wave-cron</title><meta http-equiv="refresh" content="0;url=${address}">`;
  writeFileSync(file, page, { mode: 0o600 });
  const child = spawn(program, [...args, file], { stdio: 'ignore', detached: true });
  child.once('error', onFailure);
  child.unref();
  return () => rmSync(folder, { recursive: true, force: true });
}
