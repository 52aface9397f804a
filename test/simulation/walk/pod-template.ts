/** The objects of the workloads in a walk. */
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import { daemonSet, deployment, statefulSet } from '../../../tools/control-plane/objects.ts';
import { distinct, extraNames, podOf } from '../../faults/walk/references.ts';
import { at, keys, workloads } from './names.ts';
import type { Step } from './steps.ts';

type Apply = Omit<Extract<Step, { do: 'apply workload' }>, 'waitMs'>;

const builders = {
  Deployment: deployment,
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
} as const;

/** The number of Pods of each workload that is not scaled to zero. */
export const replicas = 2;

/** The time without progress after which the controller reports a failed rollout. */
export const progressDeadlineSeconds = 60;

export function workloadOf(namespace: string, step: Apply, optIn: string | null): KubernetesObject {
  const { kind, name } = at(workloads, step.workload);
  const mentions = distinct(step.mentions);
  const extra = extraNames(mentions);
  return builders[kind]({
    ...{ namespace, name, replicas },
    annotations: {
      ...(optIn === null ? {} : { [keys.optIn]: optIn }),
      ...(extra === null ? {} : { [keys.extra]: extra }),
      [keys.adoption]: step.adoption,
    },
    pod: podOf(mentions, 1),
    ...(kind === 'Deployment' ? { spec: { progressDeadlineSeconds } } : {}),
  });
}
