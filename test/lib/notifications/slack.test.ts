/** The compiler checks the blocks with Slack's own types: this file does not compile if the blocks do not fit. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { KnownBlock } from '@slack/types';
import { fitsSlack, slackMessage } from '../../../lib/notifications/slack.ts';
import {
  entriesShown,
  entry,
  hostile,
  longestNames,
  shown,
  testMessage,
  worstNames,
} from './examples.ts';

const textsOf = (blocks: readonly KnownBlock[]): string[] =>
  blocks.flatMap((block) => {
    if (block.type === 'header') return [block.text.text];
    if (block.type === 'section') return block.text === undefined ? [] : [block.text.text];
    if (block.type !== 'context') return assert.fail(block.type);
    return block.elements.map((each) => ('text' in each ? each.text : assert.fail(each.type)));
  });

test("a message has blocks of Slack's types, and a text for phones", () => {
  const { text, blocks }: { text: string; blocks: readonly KnownBlock[] } = slackMessage(shown());
  assert.equal(text, 'wave-cron prod-eu: 1 rolled out (1 ConfigChanged)');
  assert.deepEqual(textsOf(blocks), [
    'wave-cron prod-eu: 1 rolled out',
    '1 ConfigChanged',
    'ConfigChanged: Deployment `shop/web`; changed: `ConfigMap/web`, `Secret/login`',
    'Details: wave-cron status, or kubectl get events -A --field-selector reportingComponent=wave-cron. Lease wave-cron/wave-cron.',
  ]);
});

test('a test message has two blocks', () => {
  assert.deepEqual(textsOf(slackMessage(testMessage).blocks), [
    'wave-cron prod-eu: test message',
    'This sink works. Lease wave-cron/wave-cron.',
  ]);
});

suite('a name cannot mention people, link anywhere, or change the format', () => {
  for (const name of hostile) {
    test(name, () => {
      const { blocks, text } = slackMessage(shown({ entries: [entry({ name, sources: [name] })] }));
      assert.doesNotMatch(text, /channel|evil/);
      const [, , line = ''] = textsOf(blocks);
      assert.doesNotMatch(line, /[<>]/);
      assert.equal(line.split('`').length, 5, 'a name ends its code span');
      const outside = line.split('`').filter((_, at) => at % 2 === 0);
      assert.deepEqual(outside, ['ConfigChanged: Deployment ', '; changed: ', '']);
      for (const block of blocks) {
        if (block.type === 'section') assert.equal(block.text.verbatim, true);
      }
    });
  }
});

test('500 changes with the longest names are twenty lines within the limits', () => {
  assert.equal(entriesShown(longestNames(500), slackMessage, fitsSlack), 20);
});

test('500 changes with names that need the most escapes are fewer lines within the limits', () => {
  assert.ok(entriesShown(worstNames(500), slackMessage, fitsSlack) > 3);
});

test('a message is too large if one text, all blocks or the whole message is', () => {
  const long = slackMessage(shown({ entries: [entry({ name: 'n'.repeat(3000) })] }));
  assert.equal(fitsSlack(long, 4000), false);
  const many = slackMessage(shown({ entries: Array.from({ length: 50 }, () => entry()) }));
  assert.equal(fitsSlack(many, 9000), false);
  assert.equal(fitsSlack(slackMessage(shown({ name: 'n'.repeat(150) })), 500), false);
  assert.equal(fitsSlack(slackMessage(shown()), 12_001), false);
  assert.equal(fitsSlack(slackMessage(shown()), 12_000), true);
});
