import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { cutToWidth, displayWidth } from '../../../lib/text/display-width.ts';

suite('the width of a text on a terminal', () => {
  const widths: readonly (readonly [string, number])[] = [
    ['', 0],
    ['web', 3],
    ['wéb', 3],
    ['we\u0301b', 3],
    ['日本', 4],
    ['한국', 4],
    ['🚀', 2],
    ['שלום', 4],
  ];
  for (const [text, width] of widths) {
    test(`of "${text}" is ${width}`, () => assert.equal(displayWidth(text), width));
  }

  test('never exceeds the columns that it is cut to', () => {
    for (const [text, width] of widths) {
      for (let columns = 0; columns <= 6; columns += 1) {
        const cut = cutToWidth(text, columns);
        assert.ok(displayWidth(cut) <= columns, `${text} in ${columns}`);
        assert.equal(cut === text, width <= columns, `${text} in ${columns}`);
      }
    }
  });

  test('is cut between characters, with a sign for the cut', () => {
    assert.equal(cutToWidth('deployment', 4), 'dep…');
    assert.equal(cutToWidth('日本語', 4), '日…');
    assert.equal(cutToWidth('a🚀b', 3), 'a…');
  });
});
