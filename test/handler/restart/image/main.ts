/**
 * Prints one line of JSON with the values that the program was started with, and keeps running. The
 * arguments are the files to read.
 */
import { existsSync, readFileSync } from 'node:fs';

const files = process.argv.slice(2).map((file) => [file, textOf(file)]);
const env = Object.entries(process.env).filter(([name]) => name.startsWith('APP_'));
process.stdout.write(`${JSON.stringify(Object.fromEntries([...env, ...files]))}\n`);
process.on('SIGTERM', () => process.exit(0));
setInterval(() => undefined, 60_000);

function textOf(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}
