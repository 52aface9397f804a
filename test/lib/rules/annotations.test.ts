import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import {
  annotationKeysOf,
  domainsOf,
  ignoreAnnotations,
  parseOptIn,
} from '../../../lib/rules/annotations.ts';
import { entriesOf, parseSourceList } from '../../../lib/rules/source-list.ts';

const withReloader = annotationKeysOf('example.com', ['reloader']);
const alone = annotationKeysOf('example.com');

suite('the names of annotations', () => {
  test('have the prefix and are all different', () => {
    const { compatibility, sourceKinds, sourceSelector, ...names } = alone;
    assert.deepEqual(compatibility, []);
    assert.deepEqual(sourceKinds, ['ConfigMap', 'Secret']);
    assert.equal(sourceSelector, '');
    assert.equal(names.updateOnConfigChange, 'example.com/update-on-config-change');
    assert.equal(names.finalizer, 'example.com/finalizer');
    const all = Object.values(names);
    assert.equal(new Set(all).size, all.length);
    assert.ok(all.every((name) => name.startsWith('example.com/')));
  });

  test('for ignored sources, and the domains to search for, include those of Reloader with its compatibility', () => {
    assert.deepEqual(ignoreAnnotations(alone), ['example.com/ignore']);
    assert.deepEqual(ignoreAnnotations(withReloader), [
      'example.com/ignore',
      'reloader.stakater.com/ignore',
    ]);
    assert.deepEqual(domainsOf(alone), ['example.com']);
    assert.deepEqual(domainsOf(withReloader), ['example.com', 'reloader.stakater.com']);
  });
});

test('only "true" opts in, "false" or no annotation opts out, and any other value is invalid', () => {
  const values = ['true', 'false', undefined, 'TRUE', 'True', 'yes', '1', '', ' true'] as const;
  assert.deepEqual(values.map(parseOptIn), [
    ...['on', 'off', 'off'],
    ...Array.from({ length: 6 }, () => 'invalid'),
  ]);
});

suite('a list of sources', () => {
  const named = (...sources: readonly string[]) =>
    sources.map((each) => {
      const [name, namespace] = each.split('/').reverse();
      return { namespace, name };
    });
  const cases: readonly (readonly [string, string | undefined, object])[] = [
    ['that is absent is empty', undefined, { sources: [], invalid: [] }],
    ['that is empty is empty', '', { sources: [], invalid: [] }],
    ['has one name', 'a', { sources: named('a'), invalid: [] }],
    ['has names of other namespaces', 'a,b/c', { sources: named('a', 'b/c'), invalid: [] }],
    [
      'has no blanks and no empty entries',
      ' a ,,\n b/c ,',
      { sources: named('a', 'b/c'), invalid: [] },
    ],
    ['has names with dots and dashes', 'a.b-c', { sources: named('a.b-c'), invalid: [] }],
    [
      'has no invalid names, which are quoted',
      'a,No Name,b/',
      { sources: named('a'), invalid: ['"No Name"', '"b/"'] },
    ],
    [
      'has no entry that would lead to another path',
      '../a,a/b/c,a/../b,*/a',
      { sources: [], invalid: ['"../a"', '"a/b/c"', '"a/../b"', '"*/a"'] },
    ],
  ];
  for (const [what, text, expected] of cases) {
    test(what, () => assert.deepEqual(parseSourceList(text), { ...expected, patterns: [] }));
  }

  test('has as many entries as it has parts between commas', () => {
    assert.equal(entriesOf(undefined), 0);
    fc.assert(
      fc.property(fc.array(fc.string()), (parts) => {
        const text = parts.join(',');
        assert.equal(entriesOf(text), text.split(',').length);
        const { sources, invalid } = parseSourceList(text);
        assert.ok(sources.length + invalid.length <= entriesOf(text));
      }),
    );
  });
});
