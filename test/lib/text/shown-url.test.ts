import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { shownUrl } from '../../../lib/text/shown-url.ts';

suite('a URL is shown', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['as it is without secrets', 'https://example.com:8443/a/b', 'https://example.com:8443/a/b'],
    ['without user and password', 'https://me:pass@example.com/a', 'https://***@example.com/a'],
    ['without a password with an @', 'https://me:p@ss@example.com', 'https://***@example.com'],
    ['without its query', 'https://example.com/a?token=b', 'https://example.com/a?***'],
    ['without its fragment', 'https://example.com/a#b', 'https://example.com/a?***'],
    [
      'not at all, if its query may be part of a password',
      'https://me:p?ss@example.com',
      'https://***',
    ],
    ['not at all, if a query has an @', 'https://example.com?a=b@c', 'https://***'],
    ['without a password, if it has no scheme', 'me:pass@example.com', '***@example.com'],
    ['without a password, if it begins with slashes', '//me:pass@example.com', '//***@example.com'],
    ['empty, if it is', '', ''],
  ];
  for (const [how, url, shown] of cases) test(how, () => assert.equal(shownUrl(url), shown));

  test('without any password, in any place', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), (more) => {
        const password = `secret${more}`;
        assert.ok(!shownUrl(`https://me:${password}@example.com/`).includes('secret'));
      }),
    );
  });
});
