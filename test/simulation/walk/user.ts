/** The actions of users and GitOps tools in the cluster. */

import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import {
  configMap,
  namespace as namespaceObject,
  secret,
} from '../../../tools/control-plane/objects.ts';
import { distinct, extraNames, podOf } from '../../faults/walk/references.ts';
import { plantedValue } from '../../secrets/planted.ts';
import { collection, type Kubectl, namespaceOf, sourcePath, workloadPath } from './kubectl.ts';
import { at, badValue, keys, sources } from './names.ts';
import { replicas, workloadOf } from './pod-template.ts';
import { actPolicy } from './policy-user.ts';
import type { Place, Plan, UserStep } from './steps.ts';

/** A GitOps tool that restores a workload immediately after a hash was written. */
export interface Operator {
  readonly whole: boolean;
  times: number;
}

export interface User {
  readonly kubectl: Kubectl;
  readonly optIn: Plan['optIn'];
  /** The GitOps tools by the path of their workload. */
  readonly operators: Map<string, Operator>;
  /** In milliseconds since 1970. */
  readonly time: () => number;
}

export const sourceValue = (kind: string, of: number): string =>
  kind === 'Secret' ? plantedValue(`walk-${of}`) : `value-${of}`;

export function act(user: User, step: UserStep): void {
  const { kubectl } = user;
  switch (step.do) {
    case 'write source':
      writeSource(user, step);
      return;
    case 'label source': {
      const labels = { value: String(step.value) };
      kubectl.patch(sourcePath(step.namespace, step.source), { metadata: { labels } });
      return;
    }
    case 'delete source':
      kubectl.delete(sourcePath(step.namespace, step.source));
      return;
    case 'apply workload':
      applyWorkload(user, step);
      return;
    case 'delete namespace':
      kubectl.delete(path('Namespace', undefined, namespaceOf(step.namespace)));
      return;
    case 'create namespace':
      createNamespace(user, step.namespace);
      return;
    case 'policy':
    case 'approve':
      actPolicy(user, step);
      return;
    default:
      changeWorkload(user, step);
      return;
  }
}

export function createNamespace({ kubectl, optIn }: User, namespace: number): void {
  const object = namespaceObject(namespaceOf(namespace));
  const annotations = optIn === 'namespace' ? { [keys.optIn]: 'true' } : {};
  const metadata = { ...object.metadata, annotations };
  kubectl.create(path('Namespace'), { ...object, metadata });
}

function writeSource(
  { kubectl }: User,
  { namespace, source, x, y }: Extract<UserStep, { do: 'write source' }>,
): void {
  const { kind, name } = at(sources, source);
  const where = sourcePath(namespace, source);
  const known = kubectl.get(where);
  const encode = (of: number): string =>
    kind === 'Secret'
      ? Buffer.from(sourceValue(kind, of)).toString('base64')
      : sourceValue(kind, of);
  if (known === undefined) {
    const make = kind === 'Secret' ? secret : configMap;
    const data = {
      x: sourceValue(kind, x),
      ...(y === null ? {} : { y: sourceValue(kind, y) }),
    };
    const object = make({ namespace: namespaceOf(namespace), name, data, planted: false });
    kubectl.create(collection(where), object);
    return;
  }
  // If a change only removes a key, the source does not show the time of the change.
  const isRemovalAlone = y === null && known.data?.['x'] === encode(x);
  const value = isRemovalAlone ? (x === badValue ? 0 : (x + 1) % 4) : x;
  kubectl.patch(where, { data: { x: encode(value), y: y === null ? null : encode(y) } });
}

/** If namespaces are opted in, every second workload has no opt-in annotation. */
const optInText = (optIn: Plan['optIn'], workload: number, value: boolean): string | null =>
  optIn === 'namespace' && value && workload % 2 === 1 ? null : String(value);

function applyWorkload(
  { kubectl, optIn }: User,
  step: Extract<UserStep, { do: 'apply workload' }>,
): void {
  const where = workloadPath(step);
  const known = kubectl.get(where);
  const text = optInText(optIn, step.workload, step.optIn);
  if (known === undefined) {
    kubectl.create(collection(where), workloadOf(namespaceOf(step.namespace), step, text));
    return;
  }
  const mentions = distinct(step.mentions);
  const annotations = {
    [keys.optIn]: text,
    [keys.adoption]: step.adoption,
    [keys.extra]: extraNames(mentions),
  };
  const template = { spec: podOf(mentions, imageOf(known)) };
  kubectl.patch(where, { metadata: { annotations }, spec: { template } });
}

interface Spec {
  readonly replicas?: number;
  readonly paused?: boolean;
  readonly template: {
    readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
    readonly spec: { readonly containers: readonly { readonly image: string }[] };
  };
}

const specOf = (object: KubernetesObject): Spec => object.spec as unknown as Spec;

const imageOf = (object: KubernetesObject): number =>
  Number(specOf(object).template.spec.containers[0]?.image.split(':')[1] ?? 1);

type WorkloadStep = Extract<UserStep, Place & { do: string }>;

function changeWorkload(user: User, step: WorkloadStep): void {
  const { kubectl, operators } = user;
  const where = workloadPath(step);
  const known = kubectl.get(where);
  if (known === undefined) return;
  switch (step.do) {
    case 'delete workload':
      kubectl.delete(where, step.cascade);
      return;
    case 'recreate workload':
      recreate(user, where, known);
      return;
    case 'revert':
      revert(kubectl, where, step.whole);
      return;
    case 'operate':
      operators.set(where, { whole: step.whole, times: step.times });
      return;
    case 'opt':
      kubectl.annotate(where, { [keys.optIn]: step.value });
      return;
    case 'edit template': {
      const [container] = specOf(known).template.spec.containers;
      const image = `example.com/main:${imageOf(known) + 1}`;
      const spec = { containers: [{ ...container, image }] };
      kubectl.patch(where, { spec: { template: { spec } } });
      return;
    }
    case 'scale':
      if (known.kind === 'DaemonSet') return;
      kubectl.patch(where, { spec: { replicas: replicas - (specOf(known).replicas ?? 0) } });
      return;
    case 'pause':
      if (known.kind !== 'Deployment') return;
      kubectl.patch(where, { spec: { paused: specOf(known).paused !== true } });
      return;
  }
}

/** The annotations with wave-cron's records about a hash. */
const records = [keys.adopted, keys.written, keys.pending, keys.history];

/**
 * The workload as it is in git: without wave-cron's annotations in the template, and without the given
 * annotations.
 */
function asInGit(object: KubernetesObject, notes: readonly string[]): KubernetesObject {
  const { metadata } = object;
  const { template, ...spec } = specOf(object);
  const annotations = without(template.metadata?.annotations, [keys.hash, keys.configSources]);
  return {
    ...object,
    metadata: { ...metadata, annotations: without(metadata.annotations, notes) },
    spec: { ...spec, template: { ...template, metadata: { ...template.metadata, annotations } } },
  };
}

export function revert(kubectl: Kubectl, where: string, whole: boolean): void {
  const live = kubectl.get(where);
  if (live !== undefined) kubectl.replace(where, asInGit(live, whole ? records : []));
}

/** The Pods stay, and the new workload adopts them. A finalizer delays the deletion. */
function recreate({ kubectl }: User, where: string, known: KubernetesObject): void {
  kubectl.delete(where, 'Orphan');
  const { name, namespace, annotations } = asInGit(known, [...records, keys.owned]).metadata;
  const { spec } = asInGit(known, []);
  const metadata = { name, namespace, annotations };
  kubectl.create(collection(where), {
    apiVersion: known.apiVersion,
    kind: known.kind,
    metadata,
    spec,
  });
}

const without = (
  map: Readonly<Record<string, string>> = {},
  names: readonly string[],
): Record<string, string> =>
  Object.fromEntries(Object.entries(map).filter(([name]) => !names.includes(name)));
