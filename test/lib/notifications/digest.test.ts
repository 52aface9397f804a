import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { digestFor, testDigest } from '../../../lib/notifications/digest.ts';
import { frame, news } from './examples.ts';

const sink = { format: 'slack', url: 'https://example.com' } as const;

suite('the digest of a pass', () => {
  test('has the counts, and an entry for each piece of news', () => {
    const held = { since: '2026-11-30T09:00:00Z', until: '2026-11-30T22:00:00Z' };
    const all = [
      news('ConfigChanged', { changedLeftOut: 7 }),
      news('ConfigChanged', { name: 'api' }),
      news('OutsideWindow', { name: 'db', held }),
    ];
    const digest = digestFor({ ...sink, name: 'prod' }, all, frame);
    assert.deepEqual(digest?.counts, { ConfigChanged: 2, OutsideWindow: 1 });
    assert.equal(digest?.name, 'prod');
    assert.deepEqual(digest?.entries[0], {
      ...{ kind: 'Deployment', namespace: 'shop', name: 'db', reason: 'OutsideWindow' },
      ...{ sources: ['ConfigMap/web'], sourcesLeftOut: 0, heldUntil: '2026-11-30T22:00:00Z' },
    });
    assert.equal(digest?.entries[2]?.sourcesLeftOut, 7);
  });

  test('begins with warnings, then holds, then the rest by name', () => {
    const all = [
      news('ConfigChanged', { name: 'b' }),
      news('ConfigChanged', { name: 'a' }),
      news('AwaitingApproval', { name: 'c' }),
      news('MissingSource', { name: 'd' }),
      news('LimitExceeded', { namespace: 'other', name: 'e' }),
    ];
    const names = digestFor(sink, all, frame)?.entries.map(({ name }) => name);
    assert.deepEqual(names, ['e', 'd', 'c', 'a', 'b']);
  });

  test('does not exist if nothing passes the filters', () => {
    assert.equal(digestFor(sink, [], frame), undefined);
    assert.equal(digestFor(sink, [news('Queued'), news('Adopted')], frame), undefined);
    const queued = digestFor({ ...sink, reasons: ['Queued'] }, [news('Queued')], frame);
    assert.deepEqual(queued?.counts, { Queued: 1 });
    const filtered = { ...sink, namespaces: ['team-a'] };
    assert.equal(digestFor(filtered, [news('ConfigChanged')], frame), undefined);
    const own = [news('ConfigChanged'), news('ConfigChanged', { namespace: 'team-a' })];
    assert.deepEqual(digestFor(filtered, own, frame)?.counts, { ConfigChanged: 1 });
  });

  test('has no sentence, and only printable names', () => {
    const [rightToLeft, control] = ['\u202e', '\u001b'];
    const changed = [`Secret/${rightToLeft}x`];
    const text = JSON.stringify(
      digestFor(sink, [news('ConfigChanged', { name: `a${control}[31m`, changed })], frame),
    );
    assert.doesNotMatch(text, /a sentence/);
    assert.ok(!text.includes(rightToLeft) && !text.includes('\\u001b['));
    assert.match(text, /u\{202e\}x/);
  });
});

test('a test message only has the frame', () => {
  const { kind, entries, counts, installation } = testDigest({ ...sink, name: 'prod' }, frame);
  assert.deepEqual({ kind, entries, counts }, { kind: 'Test', entries: [], counts: {} });
  assert.deepEqual(installation, frame.installation);
});
