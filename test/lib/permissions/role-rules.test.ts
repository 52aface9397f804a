import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { neededPermissions } from '../../../lib/permissions/permissions.ts';
import { roleRules } from '../../../lib/permissions/role-rules.ts';
import { defaultSettings } from '../../../lib/settings/schema.ts';

const referencing = { ...defaultSettings, ownership: 'references' } as const;
const lease = { namespace: 'ops', name: 'wave-cron' };

const onLease = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    resourceNames: ['wave-cron'],
    verbs: ['get', 'patch'],
  },
];
const onKubeSystem = [
  {
    apiGroups: [''],
    resources: ['namespaces'],
    resourceNames: ['kube-system'],
    verbs: ['get'],
  },
];
const onTheRest = [
  {
    apiGroups: ['apps'],
    resources: ['deployments', 'statefulsets', 'daemonsets'],
    verbs: ['list', 'get', 'patch'],
  },
  { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get', 'patch'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
  { apiGroups: ['apps'], resources: ['replicasets', 'controllerrevisions'], verbs: ['list'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
];

describe('rules of roles', () => {
  it('are the fewest rules that allow the permissions: for a whole cluster, a ClusterRole and two Roles', () => {
    assert.deepEqual(roleRules(neededPermissions(referencing, lease)), [
      { kind: 'ClusterRole', rules: onTheRest },
      { kind: 'Role', namespaces: ['kube-system'], rules: onKubeSystem },
      { kind: 'Role', namespaces: ['ops'], rules: onLease },
    ]);
  });

  it('are listed once if they are the same in several namespaces', () => {
    const settings = { ...referencing, namespaces: ['a', 'b'] };
    assert.deepEqual(roleRules(neededPermissions(settings, lease)), [
      { kind: 'Role', namespaces: ['a', 'b'], rules: onTheRest },
      { kind: 'Role', namespaces: ['kube-system'], rules: onKubeSystem },
      { kind: 'Role', namespaces: ['ops'], rules: onLease },
    ]);
  });

  it('never join permissions with and without a resource name, or verbs of different resources', () => {
    const secrets = { apiGroup: '', resource: 'secrets' } as const;
    const maps = { apiGroup: '', resource: 'configmaps' } as const;
    assert.deepEqual(
      roleRules([
        { ...secrets, verb: 'get' },
        { ...maps, verb: 'get' },
        { ...secrets, verb: 'patch', resourceName: 'one' },
        { ...maps, verb: 'patch' },
      ]),
      [
        {
          kind: 'ClusterRole',
          rules: [
            { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
            { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'patch'] },
            { apiGroups: [''], resources: ['secrets'], resourceNames: ['one'], verbs: ['patch'] },
          ],
        },
      ],
    );
  });

  it('are an empty list without permissions', () => {
    assert.deepEqual(roleRules([]), []);
  });
});
