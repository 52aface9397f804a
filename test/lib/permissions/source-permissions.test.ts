import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  neededPermissions,
  permissionsWhereEnforced,
} from '../../../lib/permissions/permissions.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';
import { inWords, lease, permissionsWith } from './permissions-with.ts';

const references = { ownership: 'references' } as const;

const onSources = (permissions: readonly string[]): string[] =>
  permissions.filter((permission) => /secrets|configmaps/.test(permission));

describe('the permissions on sources', () => {
  it('include patching sources and getting only kube-system, with ownership', () => {
    const owned = ['patch configmaps', 'patch secrets', 'get namespaces/kube-system @kube-system'];
    for (const ownership of ['references', 'finalizer'] as const) {
      const more = permissionsWith({ ownership }).filter(
        (permission) => !permissionsWith({}).includes(permission),
      );
      assert.deepEqual(more, owned);
    }
    const one = permissionsWith({ namespaces: ['a'] });
    assert.deepEqual(onSources(one), ['get configmaps @a', 'get secrets @a']);
    assert.deepEqual(
      one.filter((permission) => permission.includes('kube-system')),
      [],
    );
  });

  it('include deleting sources only if owner references are enforced, and only with ownership', () => {
    assert.ok(!permissionsWith({}).some((permission) => permission.startsWith('delete ')));
    const enforced = (settings: Partial<Settings>) =>
      permissionsWhereEnforced({ ...defaultSettings, ...settings }).map(inWords);
    assert.deepEqual(enforced(references), ['delete configmaps', 'delete secrets']);
    assert.deepEqual(enforced({ ...references, namespaces: ['a'] }), [
      'delete configmaps @a',
      'delete secrets @a',
    ]);
    assert.deepEqual(enforced({}), []);
  });

  it('include the sources of other namespaces if references to them are allowed', () => {
    const crossNamespaceReferences = ['a', 'shared'];
    // Sources of other namespaces are read, but get no owner references.
    const marking = ['patch configmaps @a', 'patch secrets @a'];
    assert.deepEqual(
      onSources(permissionsWith({ ...references, namespaces: ['a'], crossNamespaceReferences })),
      [
        'get configmaps @a',
        'get secrets @a',
        'get configmaps @shared',
        'get secrets @shared',
        ...marking,
      ],
    );
    const all = permissionsWith({
      ...references,
      namespaces: ['a'],
      crossNamespaceReferences: ['*'],
    });
    assert.deepEqual(onSources(all), ['get configmaps', 'get secrets', ...marking]);
    assert.ok(all.includes('list deployments @a'));
    assert.deepEqual(permissionsWith({ crossNamespaceReferences }), permissionsWith({}));
  });

  it('include getting the Secret of hashKey by its name, in the namespace of the Lease or the given one', () => {
    const added = (hashKey: string): string[] =>
      permissionsWith({ hashKey }).filter(
        (permission) => !permissionsWith({}).includes(permission),
      );
    assert.deepEqual(added('hash-key'), ['get secrets/hash-key @ops']);
    assert.deepEqual(added('vault/hash-key'), ['get secrets/hash-key @vault']);
    assert.deepEqual(added('vault/auto'), ['get secrets/auto @vault']);
  });

  it('include creating Secrets in the namespace of the Lease with hashKey: auto, but passes work without this', () => {
    const settings: Settings = { ...defaultSettings, hashKey: 'auto' };
    const added = neededPermissions(settings, lease).filter(
      (permission) => !permissionsWith({}).includes(inWords(permission)),
    );
    assert.deepEqual(added.map(inWords), [
      'get secrets/wave-cron-hash-key @ops',
      'create secrets @ops',
    ]);
    assert.deepEqual(
      added.map(({ without }) => without.pass),
      ['fails', 'degrades'],
    );
  });

  it('never include listing or watching referenced sources', () => {
    const everything = { namespaceSelector: 'x', crossNamespaceReferences: ['*'] };
    for (const settings of [{}, { namespaces: ['a'] }, { hashKey: 'k' }, everything]) {
      for (const permission of onSources(permissionsWith(settings)))
        assert.match(permission, /^(get|patch) /);
    }
    const auto = onSources(permissionsWith({ ...everything, hashKey: 'auto' }));
    assert.deepEqual(
      auto.filter((permission) => !/^(get|patch) /.test(permission)),
      ['create secrets @ops'],
    );
  });
});
