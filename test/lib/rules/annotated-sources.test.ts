import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { annotatedSources } from '../../../lib/rules/annotated-sources.ts';
import type { OptIn } from '../../../lib/rules/opt-in.ts';
import type { ReloaderScope } from '../../../lib/rules/reloader.ts';
import { names } from './some-workload.ts';

type Annotations = Readonly<Record<string, string>>;

const byOwn: OptIn = { kind: 'on', own: true, reloader: undefined };
const scope = (more: Partial<ReloaderScope> = {}): ReloaderScope => ({
  ...{ referenced: 'none', listed: [], patterns: [], excluded: [] },
  ...more,
});

/** The mentioned and the ignored sources, each as `source by annotation`. */
function read(annotations: Annotations, optIn: OptIn = byOwn) {
  const { mentions, ignoredBy, invalid } = annotatedSources(annotations, 'shop', names, optIn);
  for (const { keys, required } of mentions) assert.deepEqual([keys, required], ['all', false]);
  return {
    mentions: mentions.map((it) => `${it.kind}/${it.namespace}/${it.name} by ${it.place}`),
    ignored: [...ignoredBy].map(([source, annotation]) => `${source} by ${annotation}`),
    invalid,
  };
}

suite('the annotations of a workload', () => {
  test('name additional sources, in its own namespace if they do not name one', () => {
    assert.deepEqual(read({ [names.extraConfigMaps]: 'a, other/b', [names.extraSecrets]: 's' }), {
      mentions: [
        `ConfigMap/shop/a by annotation ${names.extraConfigMaps}`,
        `ConfigMap/other/b by annotation ${names.extraConfigMaps}`,
        `Secret/shop/s by annotation ${names.extraSecrets}`,
      ],
      ignored: [],
      invalid: [],
    });
  });

  test('name sources to ignore', () => {
    assert.deepEqual(
      read({ [names.ignoreConfigMaps]: 'a', [names.ignoreSecrets]: 'other/s' }).ignored,
      [`ConfigMap/shop/a by ${names.ignoreConfigMaps}`, `Secret/other/s by ${names.ignoreSecrets}`],
    );
  });

  test('can name classes of mounted objects to ignore', () => {
    const annotation = names.ignoreSecretProviderClasses;
    assert.deepEqual(read({ [annotation]: 'vault' }).ignored, [
      `SecretProviderClass/shop/vault by ${annotation}`,
    ]);
  });

  test('have no effect for a kind that does not count', () => {
    const only = { ...names, sourceKinds: ['ConfigMap'] as const };
    const annotations = { [names.extraConfigMaps]: 'a', [names.extraSecrets]: 's, -' };
    const { mentions, invalid } = annotatedSources(annotations, 'shop', only, byOwn);
    assert.deepEqual([mentions.map(({ name }) => name), invalid], [['a'], []]);
  });

  test('are invalid with an entry that is not a name', () => {
    assert.deepEqual(read({ [names.extraSecrets]: 'a, B' }).invalid, [
      `annotation ${names.extraSecrets} contains "B"`,
    ]);
    assert.equal(read({ [names.ignoreConfigMaps]: '-' }).invalid.length, 1);
  });

  test('of Reloader also name sources, if they opt the workload in', () => {
    const reloader = {
      ConfigMap: scope({ listed: ['a'], excluded: ['b'] }),
      Secret: scope({ excluded: ['s'] }),
      SecretProviderClass: scope({ excluded: ['v'] }),
    };
    assert.deepEqual(read({}, { kind: 'on', own: false, reloader }), {
      mentions: ['ConfigMap/shop/a by annotation configmap.reloader.stakater.com/reload'],
      ignored: [
        'ConfigMap/shop/b by configmaps.exclude.reloader.stakater.com/reload',
        'Secret/shop/s by secrets.exclude.reloader.stakater.com/reload',
        'SecretProviderClass/shop/v by secretproviderclasses.exclude.reloader.stakater.com/reload',
      ],
      invalid: [],
    });
  });

  test('are also read for a workload that is not opted in', () => {
    const { mentions } = read({ [names.extraConfigMaps]: 'a' }, { kind: 'off' });
    assert.equal(mentions.length, 1);
  });
});
