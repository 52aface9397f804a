import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isSourceKind,
  mountStatus,
  referencedKinds,
  referencedResource,
  secretProviderClass,
} from '../../../../lib/kubernetes/kinds.ts';
import { isOwnRecordName, isRecordName } from '../../../../lib/kubernetes/names.ts';
import { listPath } from '../../../../lib/kubernetes/paths.ts';

test('a SecretProviderClass is a kind of references, and contains no data', () => {
  assert.deepEqual(referencedKinds, ['ConfigMap', 'Secret', 'SecretProviderClass']);
  assert.deepEqual(referencedKinds.filter(isSourceKind), ['ConfigMap', 'Secret']);
  const { group, plural, isConfidential } = referencedResource('SecretProviderClass');
  assert.deepEqual(
    [group, plural, isConfidential],
    ['secrets-store.csi.x-k8s.io', 'secretproviderclasses', false],
  );
});

test('a SecretProviderClass can be in a record of sources, but never in a record of owned sources', () => {
  const name = `${secretProviderClass.kind}/vault`;
  assert.equal(isRecordName(name), true);
  assert.equal(isOwnRecordName(name), false);
});

test('the driver reports mounted objects in version v1 of its API', () => {
  assert.equal(
    listPath(mountStatus, 'shop'),
    '/apis/secrets-store.csi.x-k8s.io/v1/namespaces/shop/secretproviderclasspodstatuses',
  );
});
