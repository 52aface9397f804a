import { workloadEntry } from '../kubernetes/kinds.ts';
import type { Settings } from '../settings/schema.ts';
import { durationMs } from '../text/duration.ts';
import {
  accessedResource,
  fails,
  type Permission,
  type ResourceOf,
  type Scope,
} from './permission.ts';

/** The permission to list namespaces. It is not needed if the setting `namespaces` names the namespaces. */
export function onNamespaces({ namespaceSelector, namespaces, optIn }: Settings): Permission[] {
  const isSelected = namespaceSelector !== '';
  const optsIn = optIn === 'namespace' && namespaces.length === 0;
  if (!isSelected && !optsIn) return [];
  const purposes = [
    ...(isSelected ? ['find the namespaces that match namespaceSelector'] : []),
    ...(optsIn ? ['find the namespaces that opt in their workloads (with optIn: namespace)'] : []),
  ];
  return [
    {
      apiGroup: '',
      resource: 'namespaces',
      verb: 'list',
      purpose: purposes.join(', and '),
      without: fails('no workload is reconciled: exit status 3'),
    },
  ];
}

/**
 * The permissions to get Namespaces. A Role allows the account to get only the Namespace of that Role: for
 * RBAC, a Namespace object is in the namespace with its own name.
 */
export function onNamespaceAnnotations({ optIn, rollouts }: Settings, scope: Scope): Permission[] {
  const namespaces = { apiGroup: '', resource: 'namespaces', verb: 'get' as const, ...scope };
  const optsIn: Permission = {
    ...namespaces,
    purpose: 'read whether a namespace opts in its workloads (with optIn: namespace)',
    without: fails(
      'the workloads of a namespace in the setting namespaces are not reconciled: exit status 1, or 3 if no namespace is reconciled',
    ),
  };
  const holds: Permission = {
    ...namespaces,
    purpose:
      'read the rollout annotations of a namespace before a hash is written in this namespace (unless rollouts.namespaceAnnotations is off)',
    without: fails('changed workloads are held back: PolicyUnreadable, exit status 1'),
  };
  return [
    ...(optIn === 'namespace' && scope.namespace !== undefined ? [optsIn] : []),
    ...(rollouts.namespaceAnnotations === 'off' ? [] : [holds]),
  ];
}

export function onWorkloads(
  kinds: Settings['kinds'],
  scope: Scope,
  resourceOf: ResourceOf,
): Permission[] {
  return kinds.flatMap((kind) => {
    const workloads = { ...accessedResource(resourceOf(kind)), ...scope };
    return [
      {
        ...workloads,
        verb: 'list' as const,
        purpose: 'find the workloads that opted in',
        without: fails(
          'workloads of this kind are not reconciled: exit status 1, or 3 if nothing could be listed',
        ),
      },
      {
        ...workloads,
        verb: 'get' as const,
        purpose: 'read a workload again if it changed during the pass',
        without: fails('only the next pass handles a workload that changed: Failed, exit status 1'),
      },
      {
        ...workloads,
        verb: 'patch' as const,
        purpose: 'write the hash to the pod template',
        without: fails('no workload of this kind is rolled: Failed, exit status 1'),
      },
    ];
  });
}

/** Whether a decision depends on the creation times of the Pods. */
export function judgesPods({ adoption, restart }: Settings): boolean {
  return adoption === 'if-changed' || restart === 'if-stale';
}

export function onPods(kinds: Settings['kinds'], scope: Scope): Permission[] {
  const permission = {
    verb: 'list' as const,
    ...scope,
    without: {
      pass: 'degrades' as const,
      sentence:
        'that workload is restarted, and the pass reports that its Pods could not be read: exit status 0',
    },
  };
  const pods: Permission = {
    apiGroup: '',
    resource: 'pods',
    ...permission,
    purpose:
      'read when the Pods of a workload were created (with adoption: if-changed or restart: if-stale)',
  };
  const controllers = kinds.flatMap((kind): Permission[] => {
    const { pods: control, revisions } = workloadEntry(kind);
    if (control.controlledBy !== 'revision' || revisions === undefined) return [];
    return [
      {
        ...accessedResource(revisions),
        ...permission,
        purpose: `find the Pods of a ${kind} (with adoption: if-changed or restart: if-stale) and its rollouts (with rollouts.limit or a cooldown)`,
      },
    ];
  });
  return [pods, ...controllers];
}

/**
 * Whether a hold by the settings depends on earlier rollouts. Annotations can also cause such a hold, but
 * annotations are known only during a pass.
 */
export function needsRevisions({ rollouts: { limit, cooldown } }: Settings): boolean {
  return limit.count > 0 || durationMs(cooldown) > 0;
}

export function onRevisions(kinds: Settings['kinds'], scope: Scope): Permission[] {
  const revisions = kinds.flatMap((kind) => workloadEntry(kind).revisions ?? []);
  return revisions.map((each) => ({
    ...accessedResource(each),
    verb: 'list',
    ...scope,
    purpose:
      'count the rollouts of a workload if its annotation rollout-history was removed (with rollouts.limit or a cooldown)',
    without: {
      pass: 'degrades',
      sentence:
        'a workload has no limit and no cooldown if another tool removes its annotation rollout-history: exit status 0',
    },
  }));
}
