/** Annotations of Reloader about SecretProviderClasses, and about kinds that do not count in wave-cron. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ReferencedKind } from '../../../lib/kubernetes/kinds.ts';
import { annotationKeysOf } from '../../../lib/rules/annotations.ts';
import { readWorkload } from '../../../lib/rules/workload.ts';
import { classVolume } from './mounting.ts';

const auto = 'reloader.stakater.com/auto';
const autoClasses = 'secretproviderclass.reloader.stakater.com/auto';
const classes = 'secretproviderclass.reloader.stakater.com/reload';
const exclude = 'secretproviderclasses.exclude.reloader.stakater.com/reload';
const search = 'reloader.stakater.com/search';

const all = ['ConfigMap', 'Secret', 'SecretProviderClass'] as const;

/** A workload that uses ConfigMap settings and Secret password, and mounts the classes vault and other. */
function configurationOf(
  annotations: Record<string, string>,
  kinds: readonly ReferencedKind[] = all,
) {
  const envFrom = [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'password' } }];
  const volumes = [classVolume('vault'), classVolume('other')];
  const spec = { template: { spec: { containers: [{ envFrom }], volumes } } };
  const metadata = { name: 'web', namespace: 'shop', annotations };
  const keys = annotationKeysOf('wave.pusher.com', ['reloader'], kinds);
  const rules = { annotations: keys, crossNamespaceReferences: [], adoption: 'stamp' } as const;
  return readWorkload('Deployment', { metadata, spec }, rules)?.configuration;
}

function counted(annotations: Record<string, string>, kinds?: readonly ReferencedKind[]) {
  const found = configurationOf(annotations, kinds);
  if (found?.kind !== 'references') return found?.kind;
  return found.references.map(({ kind, name }) => `${kind}/${name}`).sort();
}

const [map, secret] = ['ConfigMap/settings', 'Secret/password'];
const [other, vault] = ['SecretProviderClass/other', 'SecretProviderClass/vault'];

suite('annotations of Reloader', () => {
  const cases: readonly (readonly [string, Record<string, string>, unknown])[] = [
    ['auto counts mounted classes too', { [auto]: 'true' }, [map, secret, other, vault]],
    ['their typed auto counts classes alone', { [autoClasses]: 'true' }, [other, vault]],
    ['a list counts the named classes that are mounted', { [classes]: 'vault, absent' }, [vault]],
    ['a pattern in the list counts those that it matches', { [classes]: 'va.*' }, [vault]],
    ['other regular expressions are refused', { [classes]: '(a|b)' }, 'refused'],
    ['excluded classes do not count', { [auto]: 'true', [exclude]: 'other' }, [map, secret, vault]],
    ['search counts classes that have match', { [search]: 'true' }, [map, secret, other, vault]],
    ['their typed auto "false" alone opts in nothing', { [autoClasses]: 'false' }, undefined],
  ];
  for (const [what, annotations, expected] of cases) {
    test(what, () => assert.deepEqual(counted(annotations), expected));
  }

  test('about a kind that does not count have no effect, and the decision says so', () => {
    const without = ['ConfigMap', 'Secret'] as const;
    assert.equal(counted({ [classes]: 'vault' }, without), undefined);
    assert.deepEqual(counted({ [auto]: 'true' }, ['ConfigMap']), [map]);
    assert.equal(counted({ 'secret.reloader.stakater.com/reload': 'a' }, ['ConfigMap']), undefined);
    const both = configurationOf({ [auto]: 'true', [classes]: 'vault' }, without);
    assert.equal(
      both?.kind === 'references' && both.note,
      `annotation ${classes} has no effect, because the setting sourceKinds does not include SecretProviderClass`,
    );
  });

  test('do not add a class that is not mounted', () => {
    assert.deepEqual(counted({ [classes]: 'absent' }), []);
  });
});
