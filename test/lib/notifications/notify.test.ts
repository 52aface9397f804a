import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  type NotifyDeps,
  notifyOfNews,
  notifyOfTest,
  sinkText,
} from '../../../lib/notifications/notify.ts';
import { systemClock } from '../../../lib/schedule/clock.ts';
import { frame, news } from './examples.ts';
import { startReceiver } from './receiver.ts';

function depsOf(): NotifyDeps {
  let calls = 0;
  return {
    ...{ clock: systemClock, random: () => 0, environment: {} },
    stopRetrying: AbortSignal.abort(),
    installation: frame.installation,
    id: () => `id-${++calls}`,
  };
}

const bodies = (received: readonly { body: string }[]) =>
  received.map(({ body }) => JSON.parse(body) as { kind: string; id: string; counts: object });

suite('the news of a pass', () => {
  test('go to each sink as one message, with its own filters and id', async (t) => {
    const { url, received } = await startReceiver(t);
    const sinks = [
      { format: 'json', url },
      { format: 'json', url, namespaces: ['team-a'], name: 'team-a' },
    ] as const;
    const all = [news('ConfigChanged'), news('MissingSource', { namespace: 'team-a' })];
    assert.deepEqual(await notifyOfNews(sinks, all, depsOf()), [
      { sink: '1', format: 'json' },
      { sink: 'team-a', format: 'json' },
    ]);
    const sent = bodies(received).sort((a, b) => a.id.localeCompare(b.id));
    assert.deepEqual(
      sent.map(({ id, counts }) => [id, counts]),
      [
        ['id-1', { ConfigChanged: 1, MissingSource: 1 }],
        ['id-2', { MissingSource: 1 }],
      ],
    );
  });

  test('go nowhere if nothing passes the filters', async (t) => {
    const { url, received } = await startReceiver(t);
    assert.deepEqual(await notifyOfNews([{ format: 'json', url }], [news('Queued')], depsOf()), []);
    assert.deepEqual(await notifyOfNews([{ format: 'json', url }], [], depsOf()), []);
    assert.equal(received.length, 0);
  });

  test('reach the other sinks if one fails', async (t) => {
    const { url, received } = await startReceiver(t);
    const sinks = [
      { format: 'slack', urlFile: '/nowhere/url' },
      { format: 'json', url },
    ] as const;
    assert.deepEqual(await notifyOfNews(sinks, [news('ConfigChanged')], depsOf()), [
      { sink: '1', format: 'slack', problem: 'urlFile /nowhere/url does not exist' },
      { sink: '2', format: 'json' },
    ]);
    assert.equal(received.length, 1);
  });
});

test('a test message goes to each sink, regardless of its filters', async (t) => {
  const { url, received } = await startReceiver(t);
  const sinks = [{ format: 'json', url, namespaces: ['none'] }] as const;
  assert.deepEqual(await notifyOfTest(sinks, depsOf()), [{ sink: '1', format: 'json' }]);
  assert.deepEqual(
    bodies(received).map(({ kind }) => kind),
    ['Test'],
  );
});

test('a sink is named by its name or position, and its format', () => {
  assert.equal(sinkText({ sink: '1', format: 'slack' }), 'sink 1 (slack)');
  assert.equal(sinkText({ sink: 'prod-eu', format: 'teams' }), 'sink prod-eu (teams)');
});
