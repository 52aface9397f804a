import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { routeOf, workloadPath } from '../../../../jobs/ui/page/route.ts';

suite('the address of a page', () => {
  test('contains the name of the page', () => {
    assert.deepEqual(routeOf('/'), { page: 'overview' });
    assert.deepEqual(routeOf('/timeline'), { page: 'timeline' });
  });

  test('can contain a workload of any kind and with any name', () => {
    const kinds = ['Deployment', 'Rollout.v1alpha1.argoproj.io'];
    for (const kind of kinds) {
      for (const name of ['web', 'a.b', '<script>', 'a/b c?#%', 'שלום']) {
        const workload = { kind, namespace: 'shop', name };
        const path = workloadPath(workload);
        assert.equal(new URL(path, 'http://page').pathname, path);
        assert.deepEqual(routeOf(path), { page: 'workload', ...workload });
      }
    }
  });

  test('leads to no page if its form is invalid', () => {
    for (const path of ['/other', '/workload/a/b', '/workload/a/b/c/d', '/workload/a/b/%', '']) {
      assert.deepEqual(routeOf(path), { page: 'none' }, path);
    }
  });
});
