import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf } from '../../../jobs/completion/protocol.ts';

test('each candidate that begins with the text is a line, and the last line is a directive without file names', () => {
  const candidates = [
    { word: 'explain', description: 'Explain why. Writes nothing.' },
    { word: 'approve', description: '' },
    { word: 'check' },
  ];
  assert.equal(answerOf(candidates, ''), 'explain\tExplain why\napprove\ncheck\n:4\n');
  assert.equal(answerOf(candidates, 'che'), 'check\n:4\n');
  assert.equal(answerOf(candidates, 'nothing'), ':4\n');
});

test('no space follows a candidate that is only the beginning of a word', () => {
  assert.equal(answerOf([{ word: 'deployment/', isOpen: true }], 'd'), 'deployment/\n:6\n');
});

test('no text can add a candidate or control the terminal', () => {
  const [first, last, ...more] = answerOf(
    [{ word: 'a\nb\u001b[2J', description: `one\n:0\ttwo${'x'.repeat(200)}` }],
    '',
  )
    .trimEnd()
    .split('\n');
  assert.deepEqual([last, more], [':4', []]);
  assert.match(first ?? '', /^a\\u\{a\}b\\u\{1b\}\[2J\tone\\u\{a\}:0\\u\{9\}twox+\.\.\.$/);
});
