/** The actions of a walk's user. They change the cluster and the model in the same way. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ApiError,
  type Fields,
  type KubernetesObject,
  path,
} from '../../../tools/control-plane/api.ts';
import { daemonSet, deployment, statefulSet } from '../../../tools/control-plane/objects.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { prefix } from '../../handler/run-pass.ts';
import type { Model, ModelWorkload } from './model.ts';
import { workloadNames } from './names.ts';
import { actPolicy, annotationOf, type Policies, pendingKey } from './policies.ts';
import type { PolicyUserStep } from './policy-steps.ts';
import { distinct, extraNames, podOf } from './references.ts';
import type { RolloutRecord } from './rollout-record.ts';
import type { UserStep } from './steps.ts';
import type { WorldClock } from './world-clock.ts';
import { deleteSource, isDifferent, writeSource } from './write-source.ts';

export type User = {
  readonly namespace: string;
  readonly model: Model;
  /** The tolerations that Pods need to run on the node of the walk. */
  readonly tolerations: readonly object[];
  /** `progressDeadlineSeconds` of the Deployments; undefined for the default of Kubernetes. */
  readonly progressDeadline: number | undefined;
  readonly policies: Policies;
  readonly clock: WorldClock;
  readonly record: RolloutRecord;
};

const optInKey = `${prefix}/update-on-config-change`;

/**
 * The value of the annotation. Every second opted-in workload has no annotation of its own: only
 * its namespace opts it in.
 */
const optInValue = (workload: number, optIn: boolean): string | null =>
  optIn && workload % 2 === 1 ? null : String(optIn);

const builders = {
  Deployment: deployment,
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
} as const;

export async function act(user: User, step: UserStep): Promise<void> {
  switch (step.do) {
    case 'policy':
    case 'approve':
      return await actPolicy(user, step);
    case 'write source':
      await writeSource(user, step);
      break;
    case 'delete source':
      await deleteSource(user, step.source);
      break;
    case 'apply workload':
      await applyWorkload(user, step);
      break;
    default:
      await changeWorkload(user, step);
  }
  user.model.settle();
}

async function applyWorkload(
  { namespace, model, tolerations, progressDeadline }: User,
  step: Extract<UserStep, { do: 'apply workload' }>,
): Promise<void> {
  const { api } = testCluster();
  const { kind, name } = workloadNames[step.workload] ?? workloadNames[0];
  const references = distinct(step.references);
  const known = model.workloads[step.workload];
  if (known?.deleting === true) return;
  const annotations = {
    [optInKey]: optInValue(step.workload, step.optIn),
    [`${prefix}/adoption`]: step.adoption,
    [`${prefix}/extra-configmaps`]: extraNames(references),
  };
  if (known !== undefined) {
    const { containers, volumes } = podOf(references, known.image);
    const template = { spec: { containers, volumes } };
    const patch = { metadata: { annotations }, spec: { template } };
    const at = path(kind, namespace, name);
    const changed = isDifferent(
      podOf(known.references, known.image),
      podOf(references, known.image),
    );
    await api.patch(at, patch, 'merge');
    Object.assign(known, { references, optedIn: step.optIn, adoption: step.adoption });
    if (changed) known.edits += 1;
    return;
  }
  const build = builders[kind];
  const pod = { ...podOf(references, 1), tolerations, terminationGracePeriodSeconds: 0 };
  const isLimited = kind === 'Deployment' && progressDeadline !== undefined;
  const spec = isLimited ? { spec: { progressDeadlineSeconds: progressDeadline } } : {};
  let made: KubernetesObject;
  try {
    made = await api.create(
      build({ namespace, name, replicas, annotations: present(annotations), pod, ...spec }),
    );
  } catch (error) {
    // The garbage collector has not removed the previous workload yet.
    if (error instanceof ApiError && error.status === 409) return;
    throw error;
  }
  model.workloads[step.workload] = {
    kind,
    name,
    uid: made.metadata.uid ?? '',
    deleting: false,
    optedIn: step.optIn,
    references,
    image: 1,
    replicas,
    paused: false,
    adoption: step.adoption,
    ...unknown(),
  };
}

/** The number of Pods of a workload that is not scaled to zero. */
const replicas = 2;

/** The history of a workload that was just created. */
const unknown = () => ({
  edits: 0,
  hashes: [],
  current: undefined,
  writes: [],
  onTemplate: undefined,
  operator: undefined,
  reverts: 0,
  knowsLoss: false,
  taken: false,
  recordedAt: 0,
  stripped: false,
  recorded: undefined,
  open: 0,
});

type WorkloadStep = Exclude<
  UserStep,
  PolicyUserStep | { do: 'write source' | 'delete source' | 'apply workload' }
>;

async function changeWorkload({ namespace, model }: User, step: WorkloadStep): Promise<void> {
  const { api } = testCluster();
  const workload = model.workloads[step.workload];
  if (workload === undefined || workload.deleting) return;
  const at = path(workload.kind, namespace, workload.name);
  const edit = async (spec: Fields) => {
    await api.patch(at, { spec }, 'merge');
    workload.edits += 1;
  };
  switch (step.do) {
    case 'make anew':
      return await makeAnew(at, workload);
    case 'revert':
      return await revert(at, workload, step.whole);
    case 'operate':
      workload.operator = { whole: step.whole, times: step.times };
      return;
    case 'delete workload':
      await api.delete(at, { propagationPolicy: step.cascade });
      workload.deleting = true;
      return;
    case 'opt': {
      const annotations = { [optInKey]: optInValue(step.workload, step.optIn) };
      await api.patch(at, { metadata: { annotations } }, 'merge');
      workload.optedIn = step.optIn;
      return;
    }
    case 'edit template': {
      workload.image += 1;
      const { containers } = podOf(workload.references, workload.image);
      return await edit({ template: { spec: { containers } } });
    }
    case 'scale':
      if (workload.kind === 'DaemonSet') return;
      workload.replicas = replicas - workload.replicas;
      return await edit({ replicas: workload.replicas });
    case 'pause':
      if (workload.kind !== 'Deployment') return;
      workload.paused = !workload.paused;
      return await edit({ paused: workload.paused });
  }
}

/**
 * Does the same as `kubectl delete --cascade=orphan` followed by `kubectl apply`. If a finalizer delays the
 * deletion, the workload is not created again.
 */
async function makeAnew(at: string, workload: ModelWorkload): Promise<void> {
  const { api } = testCluster();
  const { metadata, spec, apiVersion, kind } = await api.get(at);
  const ours = [hashKey, sourcesKey];
  await api.delete(at, { propagationPolicy: 'Orphan' });
  workload.deleting = true;
  for (let left = 20; left > 0; left--) {
    if ((await api.find(at)) === undefined) break;
    if (left === 1) return;
    await sleep(100);
  }
  const annotations = without(metadata.annotations, [...onWorkload, ownedKey]);
  const { namespace, name } = metadata;
  const made = await api.create({
    ...{ apiVersion, kind },
    metadata: { namespace, name, annotations } as KubernetesObject['metadata'],
    spec: withTemplateWithout(spec as Fields, ours),
  });
  Object.assign(workload, { ...unknown(), uid: made.metadata.uid ?? '', deleting: false });
}

/** Does what the operator of the workload does as soon as a hash is written. */
export async function operate({ namespace, model }: User, workload: ModelWorkload): Promise<void> {
  const { operator, kind, name } = workload;
  if (operator === undefined || operator.times === 0) return;
  operator.times -= 1;
  await revert(path(kind, namespace, name), workload, operator.whole);
  model.settle();
}

async function revert(at: string, workload: ModelWorkload, whole: boolean): Promise<void> {
  const { api } = testCluster();
  for (;;) {
    const live = await api.get(at);
    const { metadata, spec } = live;
    const template = (spec?.['template'] ?? {}) as Template;
    const had = template.metadata?.annotations?.[hashKey] !== undefined;
    const annotations = without(metadata.annotations, whole ? onWorkload : []);
    try {
      await api.replace(at, {
        ...live,
        metadata: { ...metadata, annotations },
        spec: withTemplateWithout(spec as Fields, [hashKey, sourcesKey]),
      });
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) continue;
      throw error;
    }
    if (whole) workload.stripped = true;
    const hadRecord = metadata.annotations?.[adoptedKey] !== undefined;
    if (had) {
      workload.edits += 1;
      workload.reverts += 1;
      workload.onTemplate = undefined;
      workload.knowsLoss = !whole;
    } else if (whole) workload.knowsLoss = false;
    if (had || (whole && hadRecord)) workload.recorded = undefined;
    return;
  }
}

type Template = { metadata?: { annotations?: Record<string, string> } };

const hashKey = `${prefix}/config-hash`;
const sourcesKey = `${prefix}/config-sources`;
const adoptedKey = `${prefix}/adopted`;
const ownedKey = `${prefix}/owned-sources`;
/** The annotations in which wave-cron records hashes on a workload. */
const onWorkload = [adoptedKey, `${prefix}/written-hash`, pendingKey, annotationOf('history')];

const without = (map: Readonly<Record<string, string>> = {}, keys: readonly string[]) =>
  Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));

function withTemplateWithout(spec: Fields, keys: readonly string[]): Fields {
  const template = (spec['template'] ?? {}) as Template;
  const metadata = template.metadata ?? {};
  const annotations = without(metadata.annotations, keys);
  return { ...spec, template: { ...template, metadata: { ...metadata, annotations } } };
}

const present = (annotations: Readonly<Record<string, string | null>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(annotations).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
  );
