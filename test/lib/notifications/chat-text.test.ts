import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatText } from '../../../lib/notifications/chat-text.ts';
import type { Digest } from '../../../lib/notifications/digest.ts';
import { entry, shown, testMessage } from './examples.ts';

const footer =
  'Details: wave-cron status, or kubectl get events -A --field-selector reportingComponent=wave-cron. Lease wave-cron/wave-cron.';

test('a message says how much happened, what happened, and what it leaves out', () => {
  const counts = { ConfigChanged: 2, FirstSeen: 1, OutsideWindow: 4, MissingSource: 1, Adopted: 3 };
  const text = chatText({ ...shown({ counts }), leftOut: 9 });
  assert.equal(
    text.headline,
    'wave-cron prod-eu: 1 with warnings, 4 held, 3 rolled out, 3 recorded',
  );
  assert.equal(
    text.counts,
    '2 ConfigChanged, 1 FirstSeen, 4 OutsideWindow, 1 MissingSource, 3 Adopted',
  );
  assert.equal(text.footer, `9 more are not shown. ${footer}`);
  assert.equal(chatText(shown()).footer, footer);
});

const lines = (entries: Digest['entries']) =>
  chatText(shown({ entries })).lines.map((parts) => parts.map(({ text }) => text).join(''));

test('a line has the reason, the workload, the sources that changed, and the end of the hold', () => {
  assert.deepEqual(
    lines([
      entry(),
      entry({ sources: ['ConfigMap/a'], sourcesLeftOut: 3 }),
      entry({ sources: [], sourcesLeftOut: 3 }),
      entry({ sources: [], reason: 'OutsideWindow', heldUntil: '2026-12-01T06:00:00Z' }),
    ]),
    [
      'ConfigChanged: Deployment shop/web; changed: ConfigMap/web, Secret/login',
      'ConfigChanged: Deployment shop/web; changed: ConfigMap/a, 3 more',
      'ConfigChanged: Deployment shop/web; changed: 3',
      'OutsideWindow: Deployment shop/web; held until 2026-12-01T06:00:00Z',
    ],
  );
});

test('every name from the cluster is formatted as a name', () => {
  const [parts = []] = chatText(shown()).lines;
  assert.deepEqual(
    parts.filter(({ isName }) => isName).map(({ text }) => text),
    ['shop/web', 'ConfigMap/web', 'Secret/login'],
  );
});

test('a sink without a name has the name of the program', () => {
  assert.equal(chatText(shown({ name: undefined })).headline, 'wave-cron: 1 rolled out');
});

test('a test message says that it is a test', () => {
  assert.deepEqual(chatText(testMessage), {
    headline: 'wave-cron prod-eu: test message',
    ...{ counts: undefined, lines: [] },
    footer: 'This sink works. Lease wave-cron/wave-cron.',
  });
});
