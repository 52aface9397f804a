import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { optedInBy } from '../../../lib/explanation/opting.ts';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import type { OptIn } from '../../../lib/rules/opt-in.ts';
import type { OptInMode } from '../../../lib/settings/schema.ts';
import { names } from '../rules/some-workload.ts';

const name = names.updateOnConfigChange;
const off: OptIn = { kind: 'off' };
const on: OptIn = { kind: 'on', own: true, reloader: undefined };

type Texts = Readonly<Record<string, string>>;
type Given = {
  optIn?: OptIn;
  annotations?: Texts;
  labels?: Texts;
  onTemplate?: Texts;
  keys?: typeof names;
  mode?: OptInMode;
};

function verdict({
  optIn = off,
  annotations = {},
  labels = {},
  onTemplate = {},
  keys = names,
  mode = 'annotation',
}: Given) {
  const template = { metadata: { annotations: onTemplate } };
  const object = { metadata: { namespace: 'shop', annotations, labels }, spec: { template } };
  const { yes, why } = optedInBy(optIn, 'Deployment', object, { keys, mode });
  return { yes, why, text: why.join('\n') };
}

suite('a workload that is opted in', () => {
  test('names the annotation', () => {
    assert.deepEqual(verdict({ optIn: on }).why, [`annotation ${name} is "true"`]);
    const scope = { referenced: 'all', listed: [], patterns: [], excluded: [] } as const;
    const reloader = { ConfigMap: scope, Secret: scope, SecretProviderClass: scope };
    const both = verdict({ optIn: { kind: 'on', own: true, reloader } });
    assert.equal(both.yes, true);
    assert.match(both.text, /is "true"\nannotations of Reloader/);
    assert.equal(verdict({ optIn: { kind: 'on', own: false, reloader } }).why.length, 1);
  });

  test('says that its namespace or the setting opts it in', () => {
    assert.deepEqual(verdict({ optIn: { ...on, by: 'namespace' } }).why, [
      `annotation ${name} of namespace shop is "true", with the setting optIn: namespace`,
    ]);
    assert.deepEqual(verdict({ optIn: { ...on, by: 'setting' } }).why, [
      'the setting optIn is all',
    ]);
  });

  test('names annotations that have no effect on its pod template', () => {
    const { yes, why } = verdict({ optIn: on, onTemplate: { [names.ignoreSecrets]: 'a' } });
    assert.equal(yes, true);
    assert.match(
      why[1] ?? '',
      /^annotation \S+\/ignore-secrets is on the pod template.* Deployment/,
    );
  });
});

suite('a workload that is not opted in', () => {
  const near = 'wave.pusher.com/update-on-config-chnge';
  const cases: readonly (readonly [string, Given, RegExp])[] = [
    ['says that it has no annotation', {}, new RegExp(`^it has no annotation ${name}: "true"$`)],
    [
      'says that its namespace has none either',
      { mode: 'namespace' },
      /^neither it nor namespace shop has the annotation \S+: "true"$/,
    ],
    [
      'says that the setting does not include its namespace',
      { mode: 'all' },
      /optIn: all does not include namespace shop unless the setting namespaces names it$/,
    ],
    [
      'says which annotation of Reloader opts it out',
      { optIn: { kind: 'off', why: 'annotation x is "false"' }, mode: 'all' },
      /^annotation x is "false"$/,
    ],
    ['says which value it has', { annotations: { [name]: 'no' } }, /is "no"$/],
    ['says why it is refused', { optIn: { kind: 'refused', why: 'why' } }, /^why$/],
    ['finds it on the pod template', { onTemplate: { [name]: 'true' } }, /is on the pod template/],
    [
      'finds it among the labels',
      { labels: { [name]: 'true' } },
      /^label .* must be an annotation$/m,
    ],
    [
      'finds another prefix',
      { annotations: { 'a.b/update-on-config-change': 'true' } },
      /^annotation "a\.b\/\S+" looks similar/m,
    ],
    [
      'finds a typing error',
      { annotations: { [near]: 'true' } },
      /^annotation "\S+chnge" looks similar/m,
    ],
    [
      'finds an annotation of Reloader that does not count',
      { annotations: { 'configmap.reloader.stakater.com/reload': 'a' } },
      /^annotation "configmap\.reloader\S+ has an effect only .*compatibility/m,
    ],
  ];
  for (const [what, given, expected] of cases) {
    test(what, () => {
      const { yes, text } = verdict(given);
      assert.equal(yes, false);
      assert.match(text, expected);
    });
  }

  test('finds no similar annotation if there is none', () => {
    assert.equal(verdict({ annotations: { 'example.com/a': 'b' } }).why.length, 1);
    const keys = annotationKeysOf('wave.pusher.com', ['reloader']);
    const annotations = { 'reloader.stakater.com/auto': 'false' };
    assert.equal(verdict({ annotations, keys }).why.length, 1);
  });
});
