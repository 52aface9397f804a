import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fitsGoogleChat, googleChatMessage } from '../../../lib/notifications/google-chat.ts';
import {
  entriesShown,
  entry,
  hostile,
  longestNames,
  shown,
  testMessage,
  worstNames,
} from './examples.ts';

test('a message is a card with a header and a paragraph for each line', () => {
  assert.deepEqual(googleChatMessage(shown()), {
    fallbackText: 'wave-cron prod-eu: 1 rolled out',
    cardsV2: [
      {
        cardId: '0b8d1c1e-5a33-4d4f-9f52-0f1b1e6f2a11',
        card: {
          header: { title: 'wave-cron prod-eu: 1 rolled out', subtitle: '1 ConfigChanged' },
          sections: [
            {
              widgets: [
                'ConfigChanged: Deployment <b>shop/web</b>; changed: <b>ConfigMap/web</b>, <b>Secret/login</b>',
                'Details: wave-cron status, or kubectl get events -A --field-selector reportingComponent=wave-cron. Lease wave-cron/wave-cron.',
              ].map((text) => ({ textParagraph: { text } })),
            },
          ],
        },
      },
    ],
  });
});

test('a test message has one paragraph', () => {
  const [{ card }] = googleChatMessage(testMessage).cardsV2;
  assert.deepEqual(card.header, { title: 'wave-cron prod-eu: test message' });
  assert.equal(card.sections[0].widgets.length, 1);
});

suite('a name cannot contain markup', () => {
  for (const name of hostile) {
    test(name, () => {
      const [{ card }] = googleChatMessage(
        shown({ entries: [entry({ name, sources: [] })] }),
      ).cardsV2;
      const line = card.sections[0].widgets[0]?.textParagraph.text ?? '';
      const [, inside = ''] = /^ConfigChanged: Deployment <b>shop\/(.*)<\/b>$/.exec(line) ?? [];
      assert.doesNotMatch(inside, /[<>"']/);
      const names: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
      const read = inside.replaceAll(/&([^;]+);/g, (_, it: string) => names[it] ?? assert.fail(it));
      assert.equal(read, name);
    });
  }
});

test('500 changes with the longest names are twenty lines within the limit', () => {
  assert.equal(entriesShown(longestNames(500), googleChatMessage, fitsGoogleChat), 20);
  assert.equal(entriesShown(worstNames(500), googleChatMessage, fitsGoogleChat), 20);
  assert.equal(fitsGoogleChat(googleChatMessage(shown()), 30_001), false);
});
