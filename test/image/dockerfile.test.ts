/** The values that the Dockerfile repeats from other files are the same in both. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const text = (file: string): string => readFileSync(join(root, file), 'utf8');
const dockerfile = text('Dockerfile');
const own = JSON.parse(text('package.json'));

/** The default of an ARG. */
const argument = (name: string): string | undefined =>
  new RegExp(`^ARG ${name}=(.*)$`, 'm').exec(dockerfile)?.[1];

suite('the Dockerfile', () => {
  test('starts the program with the flags of its first line', () => {
    const [, flags = ''] = /^#!\/usr\/bin\/env -S node (.*)\n/.exec(text('jobs/start.ts')) ?? [];
    assert.ok(flags.startsWith('--'), flags);
    const entrypoint = /^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '';
    assert.deepEqual(JSON.parse(entrypoint), [
      '/usr/local/bin/node',
      ...flags.split(' '),
      '/app/dist/wave-cron.js',
    ]);
  });

  test('has the version of the program and of the Node that the tests run with', () => {
    assert.equal(argument('VERSION'), own.version);
    assert.match(argument('BUILD_IMAGE') ?? '', /^docker\.io\/library\/node:/);
    assert.ok(argument('BUILD_IMAGE')?.includes(`:${own.devDependencies.node}-`));
  });

  test('starts each stage from an image that an argument names, or from an earlier stage', () => {
    const stages = [...dockerfile.matchAll(/^FROM (?:--platform=\S+ )?(\S+)(?: AS (\w+))?$/gm)];
    assert.ok(stages.length > 1);
    const known = new Set(['$BUILD_IMAGE', '$BASE_IMAGE']);
    for (const [, from = '', name = ''] of stages) {
      assert.ok(known.has(from), from);
      known.add(name);
    }
  });
});
