import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { scopeOf } from '../../../lib/explanation/scope.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';

const unknown = { namespace: undefined, workload: undefined };

function scope(settings: Partial<Settings>, matches: Partial<typeof unknown | Matches> = {}) {
  const web = { kind: 'Deployment', namespace: 'shop', name: 'web' } as const;
  return scopeOf(web, { ...defaultSettings, ...settings }, { ...unknown, ...matches });
}
type Matches = { namespace: boolean; workload: boolean };

suite('a workload is in scope', () => {
  const inside: readonly (readonly [string, Partial<Settings>, Partial<Matches>?])[] = [
    ['by default', {}],
    ['if its namespace is named', { namespaces: ['other', 'shop'] }],
    ['if its kind is named', { kinds: ['Deployment'] }],
    ['if another namespace is ignored', { ignoreNamespaces: ['other'] }],
    [
      'if both selectors match',
      { namespaceSelector: 'a', workloadSelector: 'b' },
      { namespace: true, workload: true },
    ],
  ];
  for (const [when, settings, matches] of inside) {
    test(when, () => assert.deepEqual(scope(settings, matches), { yes: true, why: [] }));
  }

  const outside: readonly (readonly [string, RegExp, Partial<Settings>, Partial<Matches>?])[] = [
    [
      'its kind is not named',
      /setting kinds .* does not include Deployment/,
      { kinds: ['DaemonSet'] },
    ],
    [
      'its namespace is not named',
      /setting namespaces is a, b, which does not include shop/,
      { namespaces: ['a', 'b'] },
    ],
    [
      'its namespace is ignored',
      /setting ignoreNamespaces includes shop/,
      { ignoreNamespaces: ['shop'] },
    ],
    [
      'its namespace does not match',
      /namespaceSelector, env=a$/,
      { namespaceSelector: 'env=a' },
      { namespace: false },
    ],
    [
      'its labels do not match',
      /workloadSelector, env=b$/,
      { workloadSelector: 'env=b' },
      { workload: false },
    ],
  ];
  for (const [when, why, settings, matches] of outside) {
    test(`unless ${when}`, () => {
      const { yes, why: said } = scope(settings, matches);
      assert.equal(yes, false);
      assert.equal(said.length, 1);
      assert.match(said[0] ?? '', why);
    });
  }

  test('or out of scope for several reasons at once', () => {
    const { why } = scope({ kinds: ['DaemonSet'], namespaces: ['a'], ignoreNamespaces: ['shop'] });
    assert.equal(why.length, 3);
  });

  test('or its scope is unknown, if a selector could not be evaluated', () => {
    assert.equal(scope({ namespaceSelector: 'a' }, { workload: true }).yes, null);
    assert.equal(scope({ workloadSelector: 'a' }, { namespace: true }).yes, null);
    assert.equal(scope({ workloadSelector: 'a', namespaces: ['b'] }).yes, false);
  });
});
