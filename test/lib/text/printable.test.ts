import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  cut,
  maxSentenceBytes,
  printable,
  printableLines,
  sentence,
} from '../../../lib/text/printable.ts';

const harmful = /[\p{C}\p{Zl}\p{Zp}\u3164\u115f]/u;

const cases: readonly [name: string, text: string, shown: string][] = [
  [
    'plain text stays as it is',
    'Secret "größe 名" does not exist',
    'Secret "größe 名" does not exist',
  ],
  ['escapes of a terminal are shown', '\u001b[2J\u001b]0;x\u0007', '\\u{1b}[2J\\u{1b}]0;x\\u{7}'],
  ['so are those of eight bits', '\u009b1m\u007f', '\\u{9b}1m\\u{7f}'],
  [
    'line ends of every kind are shown',
    'a\r\nb\u2028c\u2029d\u0085',
    'a\\u{d}\\u{a}b\\u{2028}c\\u{2029}d\\u{85}',
  ],
  ['text cannot be turned around', 'a\u202eb\u2066c', 'a\\u{202e}b\\u{2066}c'],
  [
    'nothing is invisible',
    'a\u200bb\ufeffc\u3164d\u00ade',
    'a\\u{200b}b\\u{feff}c\\u{3164}d\\u{ad}e',
  ],
  ['characters beyond 16 bits are one', 'a\u{e0041}\u{1f600}', 'a\\u{e0041}\u{1f600}'],
];
for (const [name, text, shown] of cases) {
  test(name, () => assert.equal(printable(text), shown));
}

test('printable text stays as it is, and is the same when it is shown again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = printable(text);
      assert.ok(!harmful.test(shown), JSON.stringify(text));
      assert.equal(printable(shown), shown);
    }),
  );
});

test('line breaks of a message by wave-cron stay', () => {
  assert.equal(printableLines('a\u001b\n  b\r\nc'), 'a\\u{1b}\n  b\\u{d}\nc');
});

test('a sentence has at most 1024 bytes of UTF-8, about any object', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 0, maxLength: 3000 }), (text) => {
      const told = sentence(text);
      assert.ok(Buffer.byteLength(told) <= maxSentenceBytes);
      assert.ok(!harmful.test(told), JSON.stringify(text));
      const whole = printable(text);
      assert.equal(told, Buffer.byteLength(whole) <= maxSentenceBytes ? whole : told);
    }),
  );
  assert.equal(sentence('x'.repeat(1024)), 'x'.repeat(1024));
  assert.equal(sentence('x'.repeat(1025)), `${'x'.repeat(1021)}...`);
  assert.equal(sentence('\u{1f600}'.repeat(600)), `${'\u{1f600}'.repeat(255)}...`);
});

test('a text is cut at a character', () => {
  assert.equal(cut('ääää', 8), 'ääää');
  assert.equal(cut('äääää', 8), 'ää...');
});
