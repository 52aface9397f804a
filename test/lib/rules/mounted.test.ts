import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { MountStatusObject } from '../../../lib/kubernetes/objects.ts';
import { mountKey, readMountStatus } from '../../../lib/rules/mounted.ts';

const pod = { kind: 'Pod', name: 'web-1', uid: 'p1' };

function read(
  objects: NonNullable<MountStatusObject['status']>['objects'],
  { metadata, status }: MountStatusObject = {},
) {
  return readMountStatus({
    metadata: { generation: 1, ownerReferences: [pod], ...metadata },
    status: { secretProviderClassName: 'vault', mounted: true, objects, ...status },
  });
}

suite('the report of the driver about a Pod', () => {
  test('is found by the uid of the Pod and the name of the class', () => {
    const found = read([{ id: 'password', version: '1' }]);
    assert.equal(found?.key, mountKey('p1', 'vault'));
    assert.match(found?.status.objects ?? '', /^[0-9a-f]{32}$/);
    assert.equal(found?.status.isRotated, false);
  });

  test('has the same digest in any order, and another digest for each other id or version', () => {
    const digest = (...pairs: readonly (readonly [string, string])[]) =>
      read(pairs.map(([id, version]) => ({ id, version })))?.status.objects;
    assert.equal(digest(['a', '1'], ['b', '2']), digest(['b', '2'], ['a', '1']));
    const all = [
      digest(),
      digest(['a', '1']),
      digest(['a', '2']),
      digest(['b', '1']),
      digest(['a', '1'], ['b', '2']),
      digest(['a', '2'], ['b', '1']),
    ];
    assert.equal(new Set(all).size, all.length);
  });

  test('says whether the driver has changed the objects since the Pod started', () => {
    const isRotated = (generation: number | undefined) =>
      read([], { metadata: { generation } })?.status.isRotated;
    assert.deepEqual([1, 2, undefined].map(isRotated), [false, true, true]);
  });

  test('does not count without a Pod, a class or a mount', () => {
    assert.equal(read([], { metadata: { ownerReferences: [] } }), undefined);
    assert.equal(read([], { metadata: { ownerReferences: [{ kind: 'Pod' }] } }), undefined);
    assert.equal(read([], { metadata: { ownerReferences: null } }), undefined);
    assert.equal(read([], { status: { secretProviderClassName: '' } }), undefined);
    assert.equal(read([], { status: { mounted: false } }), undefined);
    assert.equal(readMountStatus({}), undefined);
  });

  test('may lack its objects, or their fields', () => {
    assert.equal(read(null)?.status.objects, read([])?.status.objects);
    assert.equal(
      read([{}, { id: 'b' }])?.status.objects,
      read([{ id: 'b', version: '' }, { id: '' }])?.status.objects,
    );
  });
});
