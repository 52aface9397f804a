import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inAnyNamespace } from '../../../lib/permissions/permission.ts';

describe('the text of an access in any namespace', () => {
  const access = { apiGroup: '', resource: 'secrets', verb: 'get', resourceName: 'a' } as const;

  it('is equal for accesses that differ only in the namespace', () => {
    const texts = ['a', 'b'].map((namespace) => inAnyNamespace({ ...access, namespace }));
    assert.deepEqual(texts, [inAnyNamespace(access), inAnyNamespace(access)]);
  });

  it('differs with group, resource, verb and name', () => {
    const others = [
      { ...access, apiGroup: 'apps' },
      { ...access, resource: 'configmaps' },
      { ...access, verb: 'patch' as const },
      { ...access, resourceName: 'b' },
    ];
    assert.equal(new Set([access, ...others].map(inAnyNamespace)).size, 5);
  });
});
