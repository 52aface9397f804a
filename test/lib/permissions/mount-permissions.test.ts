import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onMounts } from '../../../lib/permissions/mount-permissions.ts';
import { defaultSettings } from '../../../lib/settings/schema.ts';

const settings = { ...defaultSettings, sourceKinds: ['ConfigMap', 'SecretProviderClass'] } as const;

test('without the setting, no permission is needed', () => {
  assert.deepEqual(onMounts(defaultSettings, {}), []);
});

test('with the setting, a class is read by name, and statuses, Pods and their ReplicaSets are listed', () => {
  const permissions = onMounts(settings, { namespace: 'shop' });
  assert.deepEqual(
    permissions.map(({ verb, resource, namespace }) => `${verb} ${resource} ${namespace}`),
    [
      'get secretproviderclasses shop',
      'list secretproviderclasspodstatuses shop',
      'list pods shop',
      'list replicasets shop',
    ],
  );
  for (const { without } of permissions) assert.equal(without.pass, 'fails');
});
