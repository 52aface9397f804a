/** The messages that the docs quote in blocks of `log` are messages that the program can write. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { blocksOf, pages } from './pages.ts';
import { canBeSaid, textsIn } from './sentences.ts';

suite('the messages that the docs quote', () => {
  test('are found in the source', () => {
    const quoted = pages
      .flatMap(blocksOf)
      .filter(({ language }) => language === 'log')
      .flatMap(({ page, text }) =>
        text
          .trimEnd()
          .split('\n')
          .map((line) => ({ page, line })),
      );
    assert.ok(quoted.length > 20);
    const unknown = quoted.filter(({ line }) => !canBeSaid(line));
    assert.deepEqual(unknown, []);
  });

  test('are not found if the program writes a different message', () => {
    assert.ok(canBeSaid('ConfigMap/settings does not exist'));
    assert.ok(!canBeSaid('ConfigMap/settings is not there'));
    assert.ok(!canBeSaid('a ConfigMap/settings does not exit'));
  });

  test('are read from texts in quotes and backticks, including nested ones, but not from comments', () => {
    const template = '`x $' + '{b ? `in $' + "{c}` : 'no'} y`";
    const source = `a = ${template}; // it's\n/['"]/.test('z'); /* 'w' */ d = "e";`;
    assert.deepEqual(textsIn(source), [['in ', ''], ['no'], ['x ', ' y'], ['z'], ['e']]);
  });
});
