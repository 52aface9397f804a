import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { askOn } from '../../../jobs/cli/question.ts';

type Typed = (input: PassThrough, stop: AbortController) => void;

/** Types an answer, and returns the output and whether the answer counts as yes. */
async function answered(type: Typed): Promise<{ yes: boolean; shown: string }> {
  const input = new PassThrough();
  const output = new PassThrough();
  const stop = new AbortController();
  const asked = askOn(input, output)('Go ahead? [y/N] ', stop.signal);
  type(input, stop);
  const yes = await asked;
  output.end();
  return { yes, shown: await text(output) };
}

for (const line of ['y', 'Y', 'yes', ' YES ']) {
  test(`${JSON.stringify(line)} is yes`, async () => {
    assert.deepEqual(await answered((input) => input.write(`${line}\n`)), {
      yes: true,
      shown: 'Go ahead? [y/N] ',
    });
  });
}

for (const line of ['', 'n', 'no', 'yess', 'y y']) {
  test(`${JSON.stringify(line)} is no`, async () => {
    assert.equal((await answered((input) => input.write(`${line}\n`))).yes, false);
  });
}

test('the end of the input is no', async () => {
  assert.equal((await answered((input) => input.end())).yes, false);
});

test('a signal to stop is no', async () => {
  assert.equal((await answered((_, stop) => stop.abort())).yes, false);
});
