import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quote } from '../../../lib/text/quote.ts';

const cases: readonly [name: string, text: string, shown: string][] = [
  ['a plain name stays as it is', 'wave-cron-1_a', '"wave-cron-1_a"'],
  ['letters of any script stay as they are', 'größe 名', '"größe 名"'],
  ['quotes and backslashes are escaped', 'a"b\\c', '"a\\"b\\\\c"'],
  ['a line end cannot end the line', 'a\r\nb\u2028c', '"a\\u{d}\\u{a}b\\u{2028}c"'],
  ['a terminal cannot be steered', '\u001b[2J\u009b1m', '"\\u{1b}[2J\\u{9b}1m"'],
  ['text cannot be turned around', 'a\u202eb\u200b', '"a\\u{202e}b\\u{200b}"'],
  ['half a character is escaped', 'a\ud800', '"a\\u{d800}"'],
  ['a long text is cut', 'x'.repeat(500), `"${'x'.repeat(120)}…"`],
];
for (const [name, text, shown] of cases) {
  test(name, () => assert.equal(quote(text), shown));
}
