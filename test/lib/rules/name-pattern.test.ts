import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import {
  matchesPattern,
  parseReloaderPattern,
  parseStars,
} from '../../../lib/rules/name-pattern.ts';

const names = [
  'app',
  'app-',
  'app-1',
  'app-web-1',
  'my-app',
  'my-app-1',
  'my.app',
  'a.p',
  'appapp',
];

suite('a pattern matches', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['app-*', ['app-', 'app-1', 'app-web-1']],
    ['*app', ['app', 'my-app', 'my.app', 'appapp']],
    ['app*app', ['appapp']],
    ['*-*-*', ['app-web-1', 'my-app-1']],
    ['a*p*1', ['app-1', 'app-web-1']],
    ['**', names],
    ['*', names],
  ];
  for (const [text, expected] of cases) {
    test(`with ${text} any text for its stars`, () => {
      const pattern = parseStars(text);
      assert.ok(pattern);
      assert.deepEqual(
        names.filter((name) => matchesPattern(pattern, name)),
        expected,
      );
    });
  }

  test('no name that is too short for its gaps', () => {
    const pattern = parseReloaderPattern('app.+.*');
    assert.ok(pattern);
    assert.deepEqual(
      ['app', 'app-', 'app-1'].filter((name) => matchesPattern(pattern, name)),
      ['app-', 'app-1'],
    );
  });

  test('the same names as the regular expression of the same form', () => {
    const piece = fc.stringMatching(/^[ab.-]{0,3}$/);
    const form = fc.array(fc.tuple(piece, fc.constantFrom('.*', '.+')), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(form, piece, fc.stringMatching(/^[ab.-]{0,12}$/), (parts, last, name) => {
        const escaped = (each: string) => each.replaceAll('.', '\\.');
        const text = `${parts.map(([each, gap]) => escaped(each) + gap).join('')}${escaped(last)}`;
        const pattern = parseReloaderPattern(text);
        assert.ok(pattern, text);
        assert.equal(matchesPattern(pattern, name), new RegExp(`^${text}$`).test(name));
      }),
      {
        examples: [
          [
            [
              ['', '.+'],
              ['', '.*'],
            ],
            '',
            '',
          ],
        ],
      },
    );
  });
});

suite('not a pattern is', () => {
  for (const text of ['app', 'App-*', 'a b*', 'app-?', 'a/b*', '[a]*', 'app-.*x(', '']) {
    test(JSON.stringify(text), () => assert.equal(parseStars(text.replace('.*', '')), undefined));
  }
  for (const text of ['app', 'app-*', 'app-[0-9]+', '(a|b).*', 'app-\\d+.*', 'app.?', '.*{2}']) {
    test(`for Reloader ${text}`, () => assert.equal(parseReloaderPattern(text), undefined));
  }
});

test('a regular expression of Reloader may have ^ and $, and a dot without * or + stands for itself', () => {
  const pattern = parseReloaderPattern('^my.app-.+$');
  assert.ok(pattern);
  const matching = ['my.app-1', 'my-app-1', 'my.app-'].filter((each) =>
    matchesPattern(pattern, each),
  );
  assert.deepEqual(matching, ['my.app-1']);
});
