/** The objects of the workloads in a walk. */
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import { daemonSet, deployment, statefulSet } from '../../../tools/control-plane/objects.ts';
import { at, keys, sources, workloads } from './names.ts';
import type { Mentioned, Step } from './steps.ts';

type Apply = Omit<Extract<Step, { do: 'apply workload' }>, 'waitMs'>;

const builders = {
  Deployment: deployment,
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
} as const;

/** The number of Pods of each workload that is not scaled to zero. */
export const replicas = 2;

/** The annotation for additional sources lists names of one kind, and ConfigMaps are enough for a walk. */
const isExtra = ({ source, how }: Mentioned): boolean =>
  how === 'extra' && at(sources, source).kind === 'ConfigMap';

export function distinct(mentions: readonly Mentioned[]): readonly Mentioned[] {
  const seen = new Set<string>();
  return mentions.filter((each) => {
    const key = `${each.source} ${each.how}`;
    if (seen.has(key) || (each.how === 'extra' && !isExtra(each))) return false;
    return seen.add(key);
  });
}

export function extras(mentions: readonly Mentioned[]): string | null {
  const names = mentions.filter(isExtra).map(({ source }) => at(sources, source).name);
  return names.length === 0 ? null : names.join(', ');
}

const refField = (kind: string): string => (kind === 'Secret' ? 'secretRef' : 'configMapRef');

export function podSpec(
  mentions: readonly Mentioned[],
  image: number,
): { [field: string]: unknown } {
  const of = (how: Mentioned['how']) =>
    mentions.filter((each) => each.how === how).map(({ source }) => at(sources, source));
  const envFrom = [
    ...of('all').map(({ kind, name }) => ({ [refField(kind)]: { name } })),
    ...of('optional').map(({ kind, name }) => ({ [refField(kind)]: { name, optional: true } })),
  ];
  const env = of('key').map(({ kind, name }) => ({
    name: `KEY_${name}`,
    valueFrom: { [kind === 'Secret' ? 'secretKeyRef' : 'configMapKeyRef']: { name, key: 'x' } },
  }));
  const items = [{ key: 'y', path: 'y' }];
  const volumes = of('volume').map(({ kind, name }) => ({
    name: `volume-${name}`,
    ...(kind === 'Secret'
      ? { secret: { secretName: name, optional: true, items } }
      : { configMap: { name, optional: true, items } }),
  }));
  return {
    containers: [{ name: 'main', image: `example.com/main:${image}`, envFrom, env }],
    volumes,
  };
}

/** The time without progress after which the controller reports a failed rollout. */
const progressDeadlineSeconds = 60;

export function workloadOf(namespace: string, step: Apply, optIn: string | null): KubernetesObject {
  const { kind, name } = at(workloads, step.workload);
  const mentions = distinct(step.mentions);
  const extra = extras(mentions);
  return builders[kind]({
    ...{ namespace, name, replicas },
    annotations: {
      ...(optIn === null ? {} : { [keys.optIn]: optIn }),
      ...(extra === null ? {} : { [keys.extra]: extra }),
      [keys.adoption]: step.adoption,
    },
    pod: podSpec(mentions, 1),
    ...(kind === 'Deployment' ? { spec: { progressDeadlineSeconds } } : {}),
  });
}
