/** The Adaptive Cards library checks the cards. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { suite, test } from 'node:test';
import type { ShownDigest } from '../../../lib/notifications/fitted.ts';
import { fitsTeams, teamsMessage } from '../../../lib/notifications/teams.ts';
import {
  entriesShown,
  entry,
  hostile,
  longestNames,
  shown,
  testMessage,
  worstNames,
} from './examples.ts';

/** The part of the library that the tests use. The library's own types need browser types. */
type Library = {
  Versions: { v1_2: object };
  SerializationContext: new (
    version: object,
  ) => {
    eventCount: number;
    getEventAt(at: number): { message: string };
  };
  AdaptiveCard: new () => {
    parse(card: unknown, context: object): void;
    validateProperties(): { validationEvents: readonly object[] };
    getItemCount(): number;
    getItemAt(at: number): object;
  };
  RichTextBlock: new () => {
    getInlineCount(): number;
    getInlineAt(at: number): { toJSON(): { text?: string } };
  };
};
// The library's ES modules only work with bundlers.
const { AdaptiveCard, RichTextBlock, SerializationContext, Versions }: Library = createRequire(
  import.meta.url,
)('adaptivecards/dist/adaptivecards.js');

/** The texts of each block of a card. Fails if the library reports a problem. */
function parsed(digest: ShownDigest): string[] {
  const { type, attachments } = teamsMessage(digest);
  assert.equal(type, 'message');
  const [{ contentType, content }] = attachments;
  assert.equal(contentType, 'application/vnd.microsoft.card.adaptive');
  const context = new SerializationContext(Versions.v1_2);
  const card = new AdaptiveCard();
  card.parse(JSON.parse(JSON.stringify(content)), context);
  const complaints = Array.from({ length: context.eventCount }, (_, at) => context.getEventAt(at));
  assert.deepEqual(
    complaints.map(({ message }) => message),
    [],
  );
  assert.deepEqual(card.validateProperties().validationEvents, []);
  return Array.from({ length: card.getItemCount() }, (_, at) => {
    const block = card.getItemAt(at);
    assert.ok(block instanceof RichTextBlock);
    const runs = Array.from({ length: block.getInlineCount() }, (_, run) => block.getInlineAt(run));
    return runs.map((run) => run.toJSON().text).join('');
  });
}

test('a message is a card that the library reads', () => {
  assert.deepEqual(parsed(shown()), [
    'wave-cron prod-eu: 1 rolled out',
    '1 ConfigChanged',
    'ConfigChanged: Deployment shop/web; changed: ConfigMap/web, Secret/login',
    'Details: wave-cron status, or kubectl get events -A --field-selector reportingComponent=wave-cron. Lease wave-cron/wave-cron.',
  ]);
});

test('a test message is such a card too', () => {
  assert.equal(parsed(testMessage).length, 2);
});

suite('a name is shown unchanged, by an element without Markdown', () => {
  for (const name of hostile) {
    test(name, () => {
      const [, , line] = parsed(shown({ entries: [entry({ name, sources: [] })] }));
      assert.equal(line, `ConfigChanged: Deployment shop/${name}`);
      const [{ content }] = teamsMessage(shown({ entries: [entry({ name })] })).attachments;
      assert.ok(content.body.every(({ type }) => type === 'RichTextBlock'));
      assert.deepEqual(content.msteams, { width: 'Full' }, 'it has no entities, so no mentions');
    });
  }
});

test('500 changes with the longest names are twenty lines within the limit', () => {
  assert.equal(entriesShown(longestNames(500), teamsMessage, fitsTeams), 20);
  assert.equal(entriesShown(worstNames(500), teamsMessage, fitsTeams), 20);
});

test('a message leaves room for the fields that Teams adds', () => {
  assert.equal(fitsTeams(teamsMessage(shown()), 24_000), true);
  assert.equal(fitsTeams(teamsMessage(shown()), 24_001), false);
});
