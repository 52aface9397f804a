import assert from 'node:assert/strict';
import type { RequestListener, ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { createApiClient } from '../../../lib/kubernetes/client/api-client.ts';
import { createWatchClient } from '../../../lib/kubernetes/client/watch-client.ts';
import { watchMetadata } from '../../../lib/kubernetes/metadata-watch.ts';
import { systemClock } from '../../../lib/schedule/clock.ts';
import { answerWithoutEnd } from '../http/endless-answer.ts';
import { localConnection } from './client/local-connection.ts';
import { Seen } from './seen-events.ts';

const bounded = { timeout: 60_000 };
const path1 = '/api/v1/configmaps';

const event = (type: string, name: string, resourceVersion: string) =>
  `${JSON.stringify({ type, object: { metadata: { name, namespace: 'shop', resourceVersion } } })}\n`;

/**
 * Starts a watch of a local server. The server answers each list with version 100, and the watches with
 * `answers` in turn. The last answer is repeated.
 */
async function watchOf(
  t: TestContext,
  answers: readonly ((response: ServerResponse) => void)[],
  idleMs?: number,
): Promise<{ seen: Seen; asked: string[] }> {
  const asked: string[] = [];
  let watches = 0;
  const answer: RequestListener = ({ url = '' }, response) => {
    const query = new URL(url, 'http://localhost').searchParams;
    if (query.get('watch') !== 'true') {
      asked.push(`list of ${query.get('limit')}`);
      response.end(JSON.stringify({ metadata: { resourceVersion: '100' }, items: [] }));
      return;
    }
    asked.push(`watch from ${query.get('resourceVersion')}`);
    answers[Math.min(watches, answers.length - 1)]?.(response);
    watches += 1;
  };
  const connection = { ...(await localConnection(t, answer)), maxConnections: 1 };
  const seen = new Seen();
  const deps = {
    ...{ api: createApiClient(connection), open: createWatchClient(connection) },
    ...{ clock: systemClock, random: () => 0, ...(idleMs === undefined ? {} : { idleMs }) },
  };
  const end = new AbortController();
  const done = watchMetadata({ path: path1 }, seen.listener, deps, end.signal);
  t.after(async () => {
    end.abort();
    await done;
  });
  return { seen, asked };
}

const open =
  (...lines: readonly string[]) =>
  (response: ServerResponse) => {
    response.write(lines.join(''));
  };
const ended =
  (...lines: readonly string[]) =>
  (response: ServerResponse) => {
    response.end(lines.join(''));
  };
const refused = (status: number) => (response: ServerResponse) => {
  response.writeHead(status);
  response.end(JSON.stringify({ kind: 'Status', code: status, message: 'not now' }));
};

test(
  'after its end, a watch continues from the version of its last event or bookmark',
  bounded,
  async (t) => {
    const bookmark = `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '140' } } })}\n`;
    const { seen, asked } = await watchOf(t, [
      ended(event('ADDED', 'a', '120')),
      ended(bookmark),
      (response) => {
        response.write(event('MODIFIED', 'b', '150'), () => response.destroy());
      },
      open(event('DELETED', 'c', '160')),
    ]);
    await seen.until('a', 'b', '-c');
    assert.deepEqual(asked, [
      'list of 1',
      'watch from 100',
      'watch from 120',
      'watch from 140',
      'watch from 150',
    ]);
    assert.equal(seen.words.filter((word) => word === 'started').length, 1);
  },
);

test(
  'a watch that is too old starts at the current version, and reports this',
  bounded,
  async (t) => {
    const expired = `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410 } })}\n`;
    const { seen, asked } = await watchOf(t, [
      refused(410),
      ended(event('ADDED', 'a', '120'), expired),
      open(event('ADDED', 'b', '130')),
    ]);
    await seen.until('b');
    assert.deepEqual(seen.words, ['started', 'started', 'a', 'started', 'b']);
    assert.equal(asked.filter((it) => it === 'watch from 100').length, 3);
  },
);

for (const status of [401, 403, 429, 500, 503]) {
  test(`after ${status}, a watch continues from its version`, bounded, async (t) => {
    const { seen, asked } = await watchOf(t, [
      ended(event('ADDED', 'a', '120')),
      ...(status === 401 ? [refused(status)] : []),
      refused(status),
      open(event('ADDED', 'b', '130')),
    ]);
    await seen.until('b');
    assert.match(seen.words[2] ?? '', new RegExp(`^failed: .*HTTP ${status}`));
    assert.equal(asked.at(-1), 'watch from 120');
  });
}

for (const [what, line] of [
  ['garbage', 'ready\n'],
  ['JSON that is not an event', '[1]\n'],
  ['an event without a version', '{"type":"ADDED","object":{"metadata":{"name":"x"}}}\n'],
  ['an unknown type of event', event('MOVED', 'x', '130')],
] as const) {
  test(`after ${what}, a watch starts at the current version`, bounded, async (t) => {
    const { seen, asked } = await watchOf(t, [
      ended(event('ADDED', 'a', '120'), line),
      open(event('ADDED', 'b', '140')),
    ]);
    await seen.until('b');
    assert.equal(seen.words.filter((word) => word === 'started').length, 2);
    assert.ok(seen.words.some((word) => word.startsWith('failed')));
    assert.ok(!seen.words.some((word) => word.includes('ready')));
    assert.equal(asked.at(-1), 'watch from 100');
  });
}

test('a silent server counts as gone', bounded, async (t) => {
  const { seen, asked } = await watchOf(
    t,
    [open(event('ADDED', 'a', '120')), () => {}, open(event('ADDED', 'b', '130'))],
    300,
  );
  await seen.until('a', 'b');
  assert.deepEqual(asked.slice(0, 4), [
    'list of 1',
    'watch from 100',
    'watch from 120',
    'watch from 120',
  ]);
});

test('an endless line takes no more memory than the largest object', bounded, async (t) => {
  const { seen } = await watchOf(t, [
    (response) => void answerWithoutEnd(response, 'x'.repeat(100_000)),
    open(event('ADDED', 'b', '130')),
  ]);
  await seen.until('b');
  assert.match(seen.words[1] ?? '', /is too large: reading stopped after [89]\.\d MiB$/);
  assert.equal(seen.words[2], 'started');
});

test('an incomplete event at the end is ignored, and arrives again', bounded, async (t) => {
  const { seen, asked } = await watchOf(t, [
    ended(event('ADDED', 'a', '120'), event('ADDED', 'b', '130').slice(0, 30)),
    open(event('ADDED', 'b', '130')),
  ]);
  await seen.until('b');
  assert.deepEqual(seen.words, ['started', 'a', 'b']);
  assert.equal(asked.at(-1), 'watch from 120');
});
