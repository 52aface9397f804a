import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsedYaml } from '../../../lib/text/parsed-yaml.ts';

test('a text is read as YAML, which includes JSON', () => {
  assert.deepEqual(parsedYaml('- a: 1'), { value: [{ a: 1 }] });
  assert.deepEqual(parsedYaml('[{"a": 1}]'), { value: [{ a: 1 }] });
  assert.deepEqual(parsedYaml(''), { value: null });
});

test('an invalid text is reported with the reason, in one line', () => {
  for (const [text, expected] of [
    ['[', /must end with a \]/],
    ['- &a 1\n- *a', /^Alias resolution is disabled$/],
    ['- '.repeat(4000), /^it is nested too deeply$/],
    ['{"a": 1, "a": 2}', /^Map keys must be unique$/],
    ['--- 1\n--- 2', /multiple documents/],
  ] as const) {
    const parsed = parsedYaml(text);
    assert.ok('problem' in parsed, text);
    assert.match(parsed.problem, expected);
    assert.doesNotMatch(parsed.problem, /\n/);
  }
});
