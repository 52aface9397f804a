import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';
import { permissionsWith } from './permissions-with.ts';

describe('the permissions on workloads and their namespaces', () => {
  it('include listing revisions only with a limit of rollouts or a cooldown', () => {
    const revisions = ['list replicasets', 'list controllerrevisions'];
    const others = permissionsWith({}).filter((permission) => !revisions.includes(permission));
    const limit = { count: 0, period: '1h' };
    const unlimited = { ...defaultSettings.rollouts, limit };
    assert.deepEqual(permissionsWith({ rollouts: unlimited }), others);
    const cooled = permissionsWith({ rollouts: { ...unlimited, cooldown: '10m' } });
    assert.deepEqual(cooled, permissionsWith({}));
  });

  it('include getting namespaces, unless their annotations are not read', () => {
    const rollouts = { ...defaultSettings.rollouts, namespaceAnnotations: 'off' } as const;
    for (const settings of [{}, { namespaces: ['a', 'b'] }, { namespaceSelector: 'a=b' }]) {
      const all = permissionsWith(settings);
      const without = permissionsWith({ ...settings, rollouts });
      const own = settings.namespaces?.map((name) => `get namespaces @${name}`);
      assert.deepEqual(
        all.filter((permission) => !without.includes(permission)),
        own ?? ['get namespaces'],
      );
    }
  });

  it('include listing Pods and ReplicaSets only with adoption: if-changed or restart: if-stale, in the namespaces of the workloads', () => {
    for (const needing of [{ adoption: 'if-changed' }, { restart: 'if-stale' }] as const) {
      // With the limit, ReplicaSets would be listed anyway.
      const rollouts = { ...defaultSettings.rollouts, limit: { count: 0, period: '1h' } };
      const added = (settings: Partial<Settings>): string[] => {
        const without = permissionsWith({ ...settings, rollouts });
        const all = permissionsWith({ ...settings, rollouts, ...needing });
        return all.filter((permission) => !without.includes(permission));
      };
      const both = ['list pods', 'list replicasets'];
      assert.deepEqual(added({}), both);
      const namespaces = ['a', 'b'];
      const inEach = namespaces.flatMap((name) =>
        both.map((permission) => `${permission} @${name}`),
      );
      assert.deepEqual(added({ namespaces }), inEach);
      assert.deepEqual(added({ kinds: ['StatefulSet'] }), ['list pods']);
    }
    for (const other of ['stamp', 'baseline'] as const) {
      assert.deepEqual(permissionsWith({ adoption: other }), permissionsWith({}));
    }
  });
});
