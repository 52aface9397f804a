import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { SourceKind } from '../../../lib/kubernetes/kinds.ts';
import type { PodSpec } from '../../../lib/kubernetes/objects.ts';
import { maxNames, maxPatterns, maxReferences } from '../../../lib/rules/bounds.ts';
import { configurationOf, isAllowed } from '../../../lib/rules/configuration.ts';
import { type NamesByKind, parseReloaderPattern } from '../../../lib/rules/name-pattern.ts';
import type { OptIn } from '../../../lib/rules/opt-in.ts';
import type { ReloaderScope } from '../../../lib/rules/reloader.ts';
import { names } from './some-workload.ts';

const spec: PodSpec = {
  containers: [{ envFrom: [{ configMapRef: { name: 'a' } }, { secretRef: { name: 's' } }] }],
};
const byOwn: OptIn = { kind: 'on', own: true, reloader: undefined };

type Given = {
  optIn?: OptIn;
  annotations?: Readonly<Record<string, string>>;
  allowed?: readonly string[];
  template?: PodSpec;
  namePatterns?: readonly SourceKind[];
  names?: NamesByKind;
};

function configuration({
  optIn = byOwn,
  annotations = {},
  allowed = [],
  template = spec,
  ...patterns
}: Given) {
  const rules = { annotations: names, crossNamespaceReferences: allowed, ...patterns };
  return configurationOf(optIn, template, 'shop', annotations, rules);
}

/** The references, or the reason code if the workload is refused. */
function inShort(given: Given): readonly string[] | string {
  const it = configuration(given);
  if (it.kind === 'refused') return it.reason;
  return it.references.map(
    ({ kind, namespace, name, ifMatched }) =>
      `${kind}/${namespace}/${name}${ifMatched ? ' if it is marked' : ''}`,
  );
}

const many = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`).join();

/** A workload that is opted in by Reloader's annotations. */
function byReloader(configMaps: Partial<ReloaderScope>, own = false): OptIn {
  const none: ReloaderScope = { referenced: 'none', listed: [], patterns: [], excluded: [] };
  const reloader = {
    ConfigMap: { ...none, ...configMaps },
    ...{ Secret: none, SecretProviderClass: none },
  };
  return { kind: 'on', own, reloader };
}

suite('the configuration of a workload', () => {
  const cases: readonly (readonly [string, Given, readonly string[] | string])[] = [
    ['is the references of its template', {}, ['ConfigMap/shop/a', 'Secret/shop/s']],
    [
      'includes sources that annotations add',
      { annotations: { [names.extraConfigMaps]: 'b' } },
      ['ConfigMap/shop/a', 'Secret/shop/s', 'ConfigMap/shop/b'],
    ],
    [
      'does not include sources that annotations exclude',
      { annotations: { [names.ignoreSecrets]: 's' } },
      ['ConfigMap/shop/a'],
    ],
    [
      'does not include sources that annotations add and exclude',
      { annotations: { [names.extraConfigMaps]: 'b', [names.ignoreConfigMaps]: 'a,b' } },
      ['Secret/shop/s'],
    ],
    ['is nothing if it opted out', { optIn: { kind: 'off' } }, 'OptedOut'],
    [
      'is nothing if its opt-in is refused',
      { optIn: { kind: 'refused', why: 'why' } },
      'InvalidAnnotation',
    ],
    [
      'is refused with an invalid name',
      { annotations: { [names.extraConfigMaps]: 'B' } },
      'InvalidAnnotation',
    ],
    [
      'is nothing with a source of a namespace that is not allowed',
      { annotations: { [names.extraConfigMaps]: 'other/b' } },
      'CrossNamespaceDenied',
    ],
    [
      'has a source of a namespace that is allowed',
      { annotations: { [names.extraConfigMaps]: 'other/b' }, allowed: ['other'], template: {} },
      ['ConfigMap/other/b'],
    ],
    [
      'may ignore a source of any namespace',
      { annotations: { [names.ignoreConfigMaps]: 'other/b' } },
      ['ConfigMap/shop/a', 'Secret/shop/s'],
    ],
    [
      'is the references that Reloader would watch',
      { optIn: byReloader({ referenced: 'all' }) },
      ['ConfigMap/shop/a'],
    ],
    [
      'is the references that Reloader would watch, if their annotations match',
      { optIn: byReloader({ referenced: 'matched' }) },
      ['ConfigMap/shop/a if it is marked'],
    ],
    [
      'is the sources that Reloader would watch by name',
      { optIn: byReloader({ listed: ['b'] }) },
      ['ConfigMap/shop/b'],
    ],
    [
      'is the sources in the annotations of both families',
      { optIn: byReloader({ listed: ['b'] }, true) },
      ['ConfigMap/shop/a', 'Secret/shop/s', 'ConfigMap/shop/b'],
    ],
    [
      'is as large as the bound',
      { annotations: { [names.extraConfigMaps]: many(maxReferences) }, template: {} },
      many(maxReferences)
        .split(',')
        .map((name) => `ConfigMap/shop/${name}`),
    ],
    [
      'is too large with one reference more',
      { annotations: { [names.extraConfigMaps]: many(maxReferences) }, template: spec },
      'TooLarge',
    ],
    [
      'is too large with a list that exceeds the limit',
      { annotations: { [names.ignoreSecrets]: many(maxReferences + 1) } },
      'TooLarge',
    ],
  ];
  for (const [what, given, expected] of cases) {
    test(what, () => assert.deepEqual(inShort(given), expected));
  }

  test('has a note if the annotations of both families opt in', () => {
    const noteOf = (given: Given) => {
      const it = configuration(given);
      return it.kind === 'references' ? it.note : 'refused';
    };
    assert.equal(noteOf({}), undefined);
    assert.equal(noteOf({ optIn: byReloader({ referenced: 'all' }) }), undefined);
    assert.match(noteOf({ optIn: byReloader({}, true) }) ?? '', /Reloader/);
  });

  test('is refused with a message that names the annotation to change', () => {
    const why = (given: Given) => {
      const it = configuration(given);
      return it.kind === 'refused' ? it.why : '';
    };
    const denied = { annotations: { [names.extraSecrets]: 'b/c' } };
    assert.match(why(denied), /^Secret\/b\/c .*crossNamespaceReferences/);
    const large = { annotations: { [names.extraSecrets]: many(maxReferences + 1) } };
    assert.match(why(large), /^annotation \S+\/extra-secrets has 1001 entries/);
  });
});

test('may include sources of its own namespace and of allowed namespaces', () => {
  const cases: readonly (readonly [string, readonly string[], boolean])[] = [
    ['shop', [], true],
    ['other', [], false],
    ['other', ['more', 'other'], true],
    ['other', ['*'], true],
  ];
  for (const [namespace, allowed, expected] of cases) {
    assert.equal(isAllowed(namespace, 'shop', allowed), expected);
  }
});

suite('patterns in annotations', () => {
  const both = ['ConfigMap', 'Secret'] as const;
  const read = (...found: string[]): NamesByKind =>
    new Map([['ConfigMap', { state: 'read', names: found }]]);
  const extra = { [names.extraConfigMaps]: 'app-*, b' };
  const why = (given: Given) => {
    const it = configuration(given);
    return it.kind === 'refused' ? it.why : '';
  };

  test('add matching sources, which only count as long as they exist', () => {
    const it = configuration({
      ...{ annotations: extra, namePatterns: both, names: read('a', 'app-1', 'app-2', 'b') },
    });
    assert.equal(it.kind, 'references');
    assert.deepEqual(
      it.references.map(({ name, required, ifPresent }) => [name, required, ifPresent]),
      [
        ['a', true, undefined],
        ['s', true, undefined],
        ['b', false, undefined],
        ['app-1', false, true],
        ['app-2', false, true],
      ],
    );
    assert.deepEqual(
      it.patterns?.map(({ kind, pattern }) => [kind, pattern.text]),
      [['ConfigMap', 'app-*']],
    );
  });

  test('do not change the reference to a source that the template also references', () => {
    const annotations = { [names.extraConfigMaps]: '*' };
    const it = configuration({ annotations, namePatterns: both, names: read('a') });
    const [a] = it.kind === 'references' ? it.references : [];
    assert.deepEqual([a?.name, a?.required, a?.ifPresent], ['a', true, undefined]);
  });

  test('do not add excluded sources', () => {
    const annotations = { ...extra, [names.ignoreConfigMaps]: 'app-1' };
    const given = { annotations, namePatterns: both, names: read('app-1', 'app-2') };
    assert.deepEqual(inShort(given).slice(-1), ['ConfigMap/shop/app-2']);
  });

  test('without a match are named in a note', () => {
    const note = (...found: string[]) => {
      const it = configuration({ annotations: extra, namePatterns: both, names: read(...found) });
      return it.kind === 'references' ? it.note : 'refused';
    };
    assert.equal(note('app-1'), undefined);
    assert.equal(
      note('b'),
      `pattern "app-*" in annotation ${names.extraConfigMaps} matches nothing`,
    );
  });

  test('add a source only once if several of them match', () => {
    const annotations = { [names.extraConfigMaps]: 'app-*,*-1,*' };
    const given = { annotations, namePatterns: both, names: read('app-1') };
    assert.deepEqual(inShort(given).slice(-1), ['ConfigMap/shop/app-1']);
    assert.equal(inShort(given).length, 3);
  });

  test('need the names of all sources of their kinds, and without them there is no decision', () => {
    const it = configuration({ annotations: extra, namePatterns: both });
    assert.deepEqual(it.kind === 'refused' && [it.reason, it.needsNames], [
      'UnreadableSource',
      ['ConfigMap'],
    ]);
    const unreadable: NamesByKind = new Map([['ConfigMap', { state: 'unreadable', why: 'no' }]]);
    const given = { annotations: extra, namePatterns: both, names: unreadable };
    assert.equal(inShort(given), 'UnreadableSource');
    assert.match(why(given), /^the names of the ConfigMaps that its patterns match .*: no$/);
  });

  test('are refused with a message that names the setting if it does not allow them', () => {
    const given: Given = { annotations: extra, namePatterns: ['Secret'], names: read('app-1') };
    assert.equal(inShort(given), 'InvalidAnnotation');
    assert.match(why(given), /"app-\*", but the setting namePatterns does not include ConfigMap/);
    const elsewhere = { [names.extraConfigMaps]: 'other/app-*' };
    assert.equal(inShort({ annotations: elsewhere, namePatterns: both }), 'InvalidAnnotation');
    const ignoring = { [names.ignoreConfigMaps]: 'app-*' };
    assert.equal(inShort({ annotations: ignoring, namePatterns: both }), 'InvalidAnnotation');
  });

  test('are limited in their number, in the compared names, and in the added sources', () => {
    const of = (text: string, found: NamesByKind) => {
      const annotations = { [names.extraConfigMaps]: text };
      return { annotations, namePatterns: both, names: found };
    };
    const patterns = Array.from({ length: maxPatterns + 1 }, (_, i) => `a${i}*`).join();
    assert.equal(inShort(of(patterns, read())), 'TooLarge');
    assert.match(why(of(patterns, read())), /51 patterns, and the limit for one workload is 50/);
    const all = Array.from({ length: maxNames + 1 }, (_, i) => `c${i}`);
    assert.match(why(of('x*', read(...all))), /more than 10000 ConfigMaps, the limit for patterns/);
    const fitting = read(...all.slice(0, maxReferences - 1));
    assert.match(why(of('c*', fitting)), /^it references 1001 ConfigMaps and Secrets/);
  });

  test('in lists of Reloader are its regular expressions, and the annotation is their place', () => {
    const pattern = parseReloaderPattern('app-.+');
    assert.ok(pattern);
    const optIn = byReloader({ patterns: [pattern] });
    const given = { optIn, namePatterns: both, names: read('app-', 'app-1') };
    assert.deepEqual(inShort(given), ['ConfigMap/shop/app-1']);
  });
});
