/** What the user of a walk does: to the cluster, and to the model alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ApiError,
  type Fields,
  type KubernetesObject,
  path,
} from '../../../tools/control-plane/api.ts';
import {
  configMap,
  daemonSet,
  deployment,
  secret,
  statefulSet,
} from '../../../tools/control-plane/objects.ts';
import { testCluster } from '../../../tools/control-plane/testing.ts';
import { prefix } from '../../handler/run-pass.ts';
import { plantedValue } from '../../secrets/planted.ts';
import { type Model, type ModelWorkload, sourceNames, workloadNames } from './model.ts';
import type { Reference, UserStep } from './steps.ts';

export type User = {
  readonly namespace: string;
  readonly model: Model;
  /** Of the node that runs its Pods. */
  readonly tolerations: readonly object[];
};

const optInKey = `${prefix}/update-on-config-change`;
const builders = {
  Deployment: deployment,
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
} as const;

export async function act(user: User, step: UserStep): Promise<void> {
  switch (step.do) {
    case 'write source':
      await writeSource(user, step);
      break;
    case 'delete source': {
      const { kind, name } = sourceNames[step.source] ?? sourceNames[0];
      await testCluster().api.delete(path(kind, user.namespace, name));
      user.model.sources[step.source] = undefined;
      break;
    }
    case 'apply workload':
      await applyWorkload(user, step);
      break;
    default:
      await changeWorkload(user, step);
  }
  user.model.settle();
}

async function writeSource(
  { namespace, model }: User,
  { source, x, y }: Extract<UserStep, { do: 'write source' }>,
): Promise<void> {
  const { api } = testCluster();
  const { kind, name } = sourceNames[source] ?? sourceNames[0];
  const value = (of: number) => (kind === 'Secret' ? plantedValue(`walk-${of}`) : `value-${of}`);
  const data = { x: value(x), ...(y === null ? {} : { y: value(y) }) };
  const known = model.sources[source];
  if (known === undefined) {
    const make = kind === 'Secret' ? secret : configMap;
    const made = await api.create(make({ namespace, name, data, planted: false }));
    model.sources[source] = { uid: made.metadata.uid ?? '', data };
    return;
  }
  const encode = (text: string) =>
    kind === 'Secret' ? Buffer.from(text).toString('base64') : text;
  const patch = { x: encode(data.x), y: data.y === undefined ? null : encode(data.y) };
  await api.patch(path(kind, namespace, name), { data: patch }, 'merge');
  model.sources[source] = { ...known, data };
}

async function applyWorkload(
  { namespace, model, tolerations }: User,
  step: Extract<UserStep, { do: 'apply workload' }>,
): Promise<void> {
  const { api } = testCluster();
  const { kind, name } = workloadNames[step.workload] ?? workloadNames[0];
  const references = distinct(step.references);
  const known = model.workloads[step.workload];
  if (known?.deleting === true) return;
  const annotations = {
    [optInKey]: String(step.optIn),
    [`${prefix}/adoption`]: step.adoption,
    ...extras(references),
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
  let made: KubernetesObject;
  try {
    made = await api.create(
      build({ namespace, name, replicas, annotations: present(annotations), pod }),
    );
  } catch (error) {
    // The garbage collector has not finished with the one before.
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

/** How many Pods a workload has that is not scaled to zero. */
const replicas = 2;

/** What a workload has behind it that was just made. */
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
  recorded: undefined,
  open: 0,
});

type WorkloadStep = Exclude<UserStep, { do: 'write source' | 'delete source' | 'apply workload' }>;

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
    case 'opt':
      await api.patch(at, { metadata: { annotations: { [optInKey]: String(step.optIn) } } });
      workload.optedIn = step.optIn;
      return;
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
 * As `kubectl delete --cascade=orphan` and `kubectl apply` do. Where a finalizer holds it up it is only
 * deleted.
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

/** What an operator does as soon as a hash was written. */
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
/** What is noted of a hash. */
const onWorkload = [adoptedKey, `${prefix}/written-hash`];

const without = (map: Readonly<Record<string, string>> = {}, keys: readonly string[]) =>
  Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));

function withTemplateWithout(spec: Fields, keys: readonly string[]): Fields {
  const template = (spec['template'] ?? {}) as Template;
  const metadata = template.metadata ?? {};
  const annotations = without(metadata.annotations, keys);
  return { ...spec, template: { ...template, metadata: { ...metadata, annotations } } };
}

/** One mention of each kind for a source, in the order in which they came. */
function distinct(references: readonly Reference[]): Reference[] {
  const seen = new Set<string>();
  return references.filter(({ source, how }) => {
    // There is an annotation for each kind of source, but a walk needs only one.
    if (how === 'extra' && sourceNames[source]?.kind === 'Secret') return false;
    const key = `${source} ${how}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

const present = (annotations: Readonly<Record<string, string | null>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(annotations).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
  );

function extras(references: readonly Reference[]): Record<string, string | null> {
  const names = references.flatMap(({ source, how }) =>
    how === 'extra' ? [sourceNames[source]?.name ?? ''] : [],
  );
  return { [`${prefix}/extra-configmaps`]: names.length === 0 ? null : names.join(', ') };
}

function podOf(
  references: readonly Reference[],
  image: number,
): { containers: object[]; volumes: object[] } {
  const of = (how: Reference['how']) =>
    references
      .filter((each) => each.how === how)
      .map(({ source }) => sourceNames[source] ?? sourceNames[0]);
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

const refField = (kind: string) => (kind === 'Secret' ? 'secretRef' : 'configMapRef');

const isDifferent = (a: object, b: object) => JSON.stringify(a) !== JSON.stringify(b);
