import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  isNamespaceName,
  isObjectName,
  isOwnRecordName,
  isRecordName,
  keptName,
  kindAndName,
  objectTitle,
  recordName,
  sourceNamed,
} from '../../../lib/kubernetes/names.ts';

suite('names', () => {
  test('of objects are DNS subdomains of at most 253 characters', () => {
    for (const name of ['a', 'a-b.c', '0', 'a'.repeat(253)]) assert.ok(isObjectName(name), name);
    for (const name of ['', 'A', '-a', 'a-', 'a..b', '.a', 'a/b', '..', 'a'.repeat(254)]) {
      assert.ok(!isObjectName(name), name);
    }
  });

  test('of namespaces are DNS labels of at most 63 characters', () => {
    for (const name of ['a', 'a-b', '0', 'a'.repeat(63)]) assert.ok(isNamespaceName(name), name);
    for (const name of ['', 'a.b', 'a-', '-a', 'a'.repeat(64)]) {
      assert.ok(!isNamespaceName(name), name);
    }
  });

  test('that no object can have are kept up to a length that shows that they are invalid', () => {
    assert.equal(keptName('a'.repeat(253)), 'a'.repeat(253));
    assert.equal(keptName('a'.repeat(9000)), 'a'.repeat(254));
  });

  test('are written with their kind, and with their namespace if they have one', () => {
    const web = { kind: 'Deployment', namespace: 'shop', name: 'web' };
    assert.equal(objectTitle(web), 'Deployment shop/web');
    assert.equal(kindAndName(web), 'Deployment/web');
    assert.equal(recordName({ kind: 'ConfigMap', namespace: '', name: 's' }), 'ConfigMap/s');
    assert.equal(recordName({ kind: 'Secret', namespace: 'a', name: 's' }), 'Secret/a/s');
  });

  test('in a record are only valid with a kind of source', () => {
    assert.ok(isRecordName('Secret/a/s'));
    assert.ok(isOwnRecordName('Secret/s'));
    assert.ok(!isOwnRecordName('Secret/a/s'));
    for (const text of ['Deployment/web', 'Secret/', 'Secret/\u001b[31m', 'secret/s', 'key']) {
      assert.ok(!isRecordName(text), text);
      assert.ok(!isOwnRecordName(text), text);
    }
  });

  test('in a record name a source, and an invalid one is a bug of the program', () => {
    const settings = { kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
    assert.deepEqual(sourceNamed('ConfigMap/settings', 'shop'), settings);
    assert.deepEqual(sourceNamed('Secret/key', 'shop'), {
      ...settings,
      kind: 'Secret',
      name: 'key',
    });
    assert.throws(() => sourceNamed('Deployment/web', 'shop'), /names no source/);
  });
});
