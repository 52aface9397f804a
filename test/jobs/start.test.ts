/** The start and the end of the program, as users get it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { builtCommand, builtProgram } from './built-program.ts';

const versionOf = (node: string): string =>
  spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? '';

/** A Node on the PATH that is older than the program's minimum. */
function olderNode(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .filter((file) => existsSync(file))
    .find((file) => Number(/^v(\d+)/.exec(versionOf(file))?.[1] ?? 26) < 26);
}

const older = olderNode();
const message = (version: string): string =>
  `wave-cron: Node 26 or newer is required, and this is Node ${version} (see https://nodejs.org)\n`;

test('an older Node ends with one line that names the required version', {
  skip: older === undefined ? 'needs a Node below 26 on the PATH' : false,
}, () => {
  // The package has this file too. Without it, the oldest Node would treat the program as CommonJS.
  writeFileSync(join(builtProgram(), 'package.json'), '{"type":"module"}');
  const { status, stdout, stderr } = spawnSync(older ?? '', [...builtCommand(), 'once'], {
    encoding: 'utf8',
  });
  assert.equal(stderr, message(versionOf(older ?? '').slice(1)));
  assert.deepEqual([status, stdout], [2, '']);
});

test('with an older version in process.versions, only the code that prints this line is loaded', () => {
  const pretend = `data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'22.1.0'}})`;
  const args = ['--import', pretend, ...builtCommand(), '--version'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [2, message('22.1.0')]);
});

test('a reader that closes the output early, such as head, does not cause an error', async () => {
  const child = spawn(process.execPath, [...builtCommand(), '--help'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status] = await once(child, 'close');
  assert.deepEqual([status, stderr], [0, '']);
});
