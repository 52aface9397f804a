/** The patches of an overlay for a kind of which wave-cron knows nothing: as in docs/kinds.md. */
import { type CustomKind, workloadEntry } from '../../../lib/kubernetes/kinds.ts';
import type { Fields } from '../../../tools/control-plane/api.ts';

export function ofUnknownKind(name: CustomKind): Fields[] {
  const { kind, group, plural } = workloadEntry(name);
  const policy = 'ValidatingAdmissionPolicy';
  const variable = (policyName: string, index: number): Fields =>
    patchOf({ kind: policy, name: `wave-cron-${policyName}` }, [
      { op: 'test', path: `/spec/variables/${index}/name`, value: 'workloadKinds' },
      {
        op: 'replace',
        path: `/spec/variables/${index}/expression`,
        value: `['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout', 'CloneSet', 'DeploymentConfig', 'Service'] + ['${kind}']`,
      },
      {
        op: 'replace',
        path: `/spec/variables/${index + 1}/expression`,
        value: `['apps/', 'argoproj.io/', 'apps.kruise.io/', 'apps.openshift.io/', 'serving.knative.dev/'] + ['${group}/']`,
      },
    ]);
  return [
    patchOf({ group: 'rbac.authorization.k8s.io', kind: '(Cluster)?Role', name: 'wave-cron' }, [
      {
        op: 'add',
        path: '/rules/-',
        value: { apiGroups: [group], resources: [plural], verbs: ['list', 'get', 'patch'] },
      },
    ]),
    patchOf({ kind: policy, name: 'wave-cron-workloads' }, [
      {
        op: 'add',
        path: '/spec/matchConstraints/resourceRules/-',
        value: {
          apiGroups: [group],
          apiVersions: ['*'],
          operations: ['CREATE', 'UPDATE', 'DELETE'],
          resources: [plural, `${plural}/*`],
        },
      },
    ]),
    variable('sources', 1),
    variable('owners', 0),
    variable('events', 0),
  ];
}

const patchOf = (target: Fields, operations: readonly Fields[]): Fields => ({
  target,
  patch: JSON.stringify(operations),
});
