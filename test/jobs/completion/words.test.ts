import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { lineOf, testProgram } from './program-of-a-test.ts';

/** The parts of a command line in a short form. */
function parts(...words: readonly string[]) {
  const { command, operands, values, current } = lineOf(testProgram(), ...words);
  const at =
    current.kind === 'value'
      ? `${current.option.long}: ${current.prefix}|${current.text}`
      : `${current.kind}: ${current.text}`;
  return [command?.name(), operands.join(), Object.fromEntries(values), at];
}

suite('a command line', () => {
  test('has a command, or the cursor is at the command', () => {
    assert.deepEqual(parts(''), [undefined, '', {}, 'operand: ']);
    assert.deepEqual(parts('exp'), [undefined, '', {}, 'operand: exp']);
    assert.deepEqual(parts('--he'), [undefined, '', {}, 'option: --he']);
    assert.deepEqual(parts('nothing', ''), [undefined, 'nothing', {}, 'operand: ']);
    assert.deepEqual(parts('explain', ''), ['explain', '', {}, 'operand: ']);
  });

  test('has options in every form that commander accepts', () => {
    const values = { '--namespace': 'shop' };
    for (const words of [
      ['-n', 'shop'],
      ['-nshop'],
      ['--namespace', 'shop'],
      ['--namespace=shop'],
    ]) {
      assert.deepEqual(parts('explain', ...words, 'dep'), ['explain', '', values, 'operand: dep']);
    }
    assert.deepEqual(parts('explain', '--yes', 'deployment/web', '-'), [
      ...['explain', 'deployment/web', { '--yes': '' }, 'option: -'],
    ]);
    assert.deepEqual(parts('explain', '--', '-n'), ['explain', '', {}, 'operand: -n']);
  });

  test('has the value of an option at the cursor, in the same word or the next', () => {
    assert.deepEqual(parts('explain', '-o', 'js').at(-1), '--output: |js');
    assert.deepEqual(parts('explain', '-ojs').at(-1), '--output: -o|js');
    assert.deepEqual(parts('explain', '--output=js').at(-1), '--output: --output=|js');
    assert.deepEqual(parts('explain', '--kinds', '').at(-1), '--kinds: |');
  });
});
