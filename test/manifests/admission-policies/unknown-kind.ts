import { type CustomKind, workloadEntry } from '../../../lib/kubernetes/kinds.ts';
import type { Fields } from '../../../tools/control-plane/api.ts';

/**
 * The patches of an overlay for a kind that wave-cron does not know.
 *
 * @param keepsKnown whether the kinds that wave-cron knows stay allowed, as in the chart. The shorter example
 * in docs/kinds.md drops them.
 */
export function ofUnknownKind(name: CustomKind, keepsKnown = true): Fields[] {
  const { kind, group, plural } = workloadEntry(name);
  const policy = 'ValidatingAdmissionPolicy';
  const kinds = keepsKnown ? `${knownKinds} + ['${kind}']` : `${builtIn}, '${kind}']`;
  const groups = keepsKnown ? `${knownGroups} + ['${group}/']` : `['apps/', '${group}/']`;
  const variable = (policyName: string, index: number): Fields =>
    patchOf({ kind: policy, name: `wave-cron-${policyName}` }, [
      { op: 'test', path: `/spec/variables/${index}/name`, value: 'workloadKinds' },
      { op: 'replace', path: `/spec/variables/${index}/expression`, value: kinds },
      { op: 'replace', path: `/spec/variables/${index + 1}/expression`, value: groups },
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

const builtIn = "['Deployment', 'StatefulSet', 'DaemonSet'";
const knownKinds = `${builtIn}, 'Rollout', 'CloneSet', 'DeploymentConfig', 'Service']`;
const knownGroups =
  "['apps/', 'argoproj.io/', 'apps.kruise.io/', 'apps.openshift.io/', 'serving.knative.dev/']";

const patchOf = (target: Fields, operations: readonly Fields[]): Fields => ({
  target,
  patch: JSON.stringify(operations),
});
