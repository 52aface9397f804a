import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScreen } from '../../../jobs/output/screen.ts';
import { TestTerminal } from './terminal-of-a-test.ts';

test('a text is drawn within the terminal, and again when the terminal gets another size', () => {
  const terminal = new TestTerminal();
  const screen = openScreen(terminal);
  screen.draw((columns) => [`${columns} columns`, 'x'.repeat(50), '3', '4', '5', '6'].join('\n'));
  assert.deepEqual(terminal.lines, [
    ...['40 columns', `${'x'.repeat(39)}…`, '3', '4', '… 2 more lines'],
  ]);
  terminal.resize(60, 6);
  assert.deepEqual(terminal.lines, ['60 columns', 'x'.repeat(50), '3', '4', '5', '6']);
  terminal.resize(60, 1);
  assert.deepEqual(terminal.lines, ['… 6 more lines']);
});

test('a terminal of unknown size is treated as 80 by 24', () => {
  const terminal = Object.assign(new TestTerminal(), { columns: 0, rows: 0 });
  openScreen(terminal).draw((columns) => `${columns} columns`);
  assert.deepEqual(terminal.lines, ['80 columns']);
});

test('foreign text cannot control the terminal', () => {
  const terminal = new TestTerminal();
  openScreen(terminal).draw(() => '\u001b]0;title\u0007\u009b2J');
  assert.deepEqual(terminal.lines, ['\\u{1b}]0;title\\u{7}\\u{9b}2J']);
});

test('at the end, the terminal is restored, and nothing more is drawn', () => {
  const terminal = new TestTerminal();
  const screen = openScreen(terminal);
  screen.draw(() => 'text');
  screen.close();
  for (const mode of ['?1049', '?7', '?25']) {
    const [on, off] = [terminal.written.indexOf(`${mode}h`), terminal.written.indexOf(`${mode}l`)];
    assert.ok(on >= 0 && off >= 0, mode);
    assert.equal(on < off, mode === '?1049', mode);
  }
  const { written } = terminal;
  terminal.resize(10, 10);
  assert.equal(terminal.written, written);
});
