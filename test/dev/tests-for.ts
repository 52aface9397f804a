/**
 * `npm run test:for -- FILE …`: runs the tests for these files, two at a time, the nearest first, and shows
 * each result as soon as it is there. After 15 seconds it starts no more test files, so that most runs end
 * within half a minute. It then names those that it did not run; with `--all`, it runs them too. Tests on a
 * cluster use the one that already runs (`npm run cluster`), or their own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startControlPlane } from '../../tools/control-plane/control-plane.ts';
import { controlPlaneVariable, runningCluster } from '../../tools/control-plane/running-cluster.ts';
import { coveringTests, needsCluster } from './covering-tests.ts';
import { readImports } from './imports.ts';

const root = join(import.meta.dirname, '../..');
const begin = performance.now();
const seconds = () => Math.round((performance.now() - begin) / 1000);
const say = (line: string) => process.stdout.write(`${line}\n`);
const lastStart = 15;
const shown: Shown[] = [];

const { values, positionals } = parseArgs({
  options: { all: { type: 'boolean', default: false } },
  allowPositionals: true,
});
process.exitCode = await run(positionals.map((file) => relative(root, resolve(file))));

async function run(files: readonly string[]): Promise<number> {
  const wrong = files.find((file) => !existsSync(join(root, file)) || !file.endsWith('.ts'));
  if (files.length === 0 || wrong !== undefined) {
    const why = wrong === undefined ? 'no file was named' : `${wrong} is no TypeScript file here`;
    process.stderr.write(`${why}: npm run test:for -- lib/rules/decide.ts\n`);
    return 2;
  }
  const imports = readImports(root);
  const tests = [...new Set(files.flatMap((file) => coveringTests(imports, file)))];
  if (tests.length === 0) {
    const what = files.join(', ');
    process.stderr.write(`no test runs ${what}: npm run types checks types, npm test runs all\n`);
    return 2;
  }
  if (!tests.some((test) => needsCluster(imports, test))) return await runAll(tests);

  const known = runningCluster(process.env);
  if (known !== undefined) return await runAll(tests, known);
  say('starting a control plane; with npm run cluster in another terminal there is one already …');
  const own = await startControlPlane({ auditLog: true });
  try {
    return await runAll(tests, own.folder);
  } finally {
    await own.stop();
  }
}

/** @returns the exit status: 1 if a test failed */
async function runAll(tests: readonly string[], controlPlane?: string): Promise<number> {
  const waiting = [...tests];
  const failed: string[] = [];
  const left: string[] = [];
  const worker = async () => {
    for (let test = waiting.shift(); test !== undefined; test = waiting.shift()) {
      if (!values.all && seconds() >= lastStart && waiting.length < tests.length - 1) {
        left.push(test);
      } else if (!(await passes(test, controlPlane))) {
        failed.push(test);
      }
    }
  };
  await Promise.all([worker(), worker()]);
  const ran = tests.length - left.length;
  say(`\n${ran} of ${tests.length} files of tests in ${seconds()} s, ${failed.length} failed`);
  for (const test of failed) say(`failed: ${test}`);
  if (left.length > 0) say(`not run, for which there is --all: ${left.join(', ')}`);
  return failed.length > 0 ? 1 : 0;
}

/** Runs one file, and shows its output as it arrives. Returns whether all its tests passed. */
async function passes(test: string, controlPlane: string | undefined): Promise<boolean> {
  const args = ['--test', '--test-reporter=spec', test];
  const env = { ...process.env, ...(controlPlane && { [controlPlaneVariable]: controlPlane }) };
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: process.stdout.isTTY ? { ...env, FORCE_COLOR: '1' } : env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const show = output(`\n${test}\n`);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => show.write(text));
  }
  const [status] = await once(child, 'close');
  show.end();
  return status === 0;
}

type Shown = { text: string; ended: boolean };

/**
 * The output of several files that run at the same time. Only one file is shown. When it ends, the
 * next file is shown.
 */
function output(text: string): { write(text: string): void; end(): void } {
  const own: Shown = { text, ended: false };
  shown.push(own);
  const flush = () => {
    for (let [first] = shown; first !== undefined; [first] = shown) {
      process.stdout.write(first.text);
      first.text = '';
      if (!first.ended) return;
      shown.shift();
    }
  };
  return {
    write(more) {
      own.text += more;
      flush();
    },
    end() {
      own.ended = true;
      flush();
    },
  };
}
