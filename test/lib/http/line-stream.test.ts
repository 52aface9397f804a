import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { endpoint } from '../../../lib/http/exchange.ts';
import { type LineRequest, readLines } from '../../../lib/http/line-stream.ts';
import { listen } from './local-servers.ts';

async function read(t: TestContext, answer: RequestListener, more: Partial<LineRequest> = {}) {
  const port = await listen(t, createServer(answer));
  const lines: string[] = [];
  const done = readLines(endpoint(`http://127.0.0.1:${port}`), {
    ...{ path: '/', headers: {}, agent: false, idleMs: 10_000, longestLine: 100 },
    onLine: (line) => void lines.push(line),
    ...more,
  });
  return { lines, done };
}

test('lines are complete, even if their bytes arrive in several pieces', async (t) => {
  const { lines, done } = await read(t, async (_, response) => {
    for (const byte of Buffer.from('one\ntwö\n\n€uro\nrest')) {
      response.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    response.end();
  });
  assert.equal((await done).status, 200);
  assert.deepEqual(lines, ['one', 'twö', '€uro']);
});

test('an error response is returned as text, not as lines', async (t) => {
  const { lines, done } = await read(t, (_, response) => {
    response.writeHead(410);
    response.end('gone\nfor good\n');
  });
  const { status, text } = await done;
  assert.deepEqual([status, text, lines], [410, 'gone\nfor good\n', []]);
});

test('an error of the reader or a signal ends the stream', async (t) => {
  const onLine = () => {
    throw new Error('no such line');
  };
  const open: RequestListener = (_, response) => void response.write('a\n');
  await assert.rejects((await read(t, open, { onLine })).done, /no such line/);
  const end = new AbortController();
  const { done } = await read(t, open, { signal: end.signal });
  end.abort(new Error('enough'));
  await assert.rejects(done, /enough/);
});

test('a line that is too long ends the stream', async (t) => {
  const long: RequestListener = (_, response) => void response.write('x'.repeat(101));
  await assert.rejects((await read(t, long)).done, { name: 'TooLargeError' });
});
