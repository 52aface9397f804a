import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { sourceEntry, workloadEntry } from '../../../lib/kubernetes/kinds.ts';
import { listPath, objectPath } from '../../../lib/kubernetes/paths.ts';

suite('the path of', () => {
  test('a list has its group, and a namespace if it only covers one', () => {
    assert.equal(listPath(workloadEntry('Deployment'), undefined), '/apis/apps/v1/deployments');
    assert.equal(listPath(sourceEntry('Secret'), 'shop'), '/api/v1/namespaces/shop/secrets');
  });

  test('an object ends with its name, and no name can lead to another path', () => {
    const object = { namespace: 'a/b', name: '../x' };
    const path = objectPath(sourceEntry('ConfigMap'), object);
    assert.equal(path, '/api/v1/namespaces/a%2Fb/configmaps/..%2Fx');
  });
});
