/** Random requests about workloads, as wave-cron, users, operators and GitOps tools send them. */
import type { Draft, Json, JsonMap } from '../server/json.ts';
import type { Random } from './random.ts';
import {
  applyStep,
  createStep,
  deleteStep,
  getStep,
  metadataChange,
  patchStep,
  putStep,
} from './source-steps.ts';
import type { Step } from './step.ts';
import { type Kind, keyOf, type Target } from './targets.ts';

const prefix = 'wave.pusher.com';

function podSpec(random: Random): Draft {
  const env: Json = random.chance(0.4)
    ? [{ name: 'KEY', valueFrom: { configMapKeyRef: { name: 'a', key: 'x' } } }]
    : [];
  const envFrom: Json = random.chance(0.3) ? [{ secretRef: { name: 's', optional: true } }] : [];
  const volumes: Json = random.chance(0.3)
    ? [{ name: 'volume-a', configMap: { name: 'a', items: [{ key: 'y', path: 'y' }] } }]
    : [];
  const image = `example.com/main:${1 + random.below(3)}`;
  return { containers: [{ name: 'main', image, envFrom, env }], volumes };
}

/** The key of the label and the taint of the sequence's only node. */
export const nodeKey = 'example.com/differential';

/** Lets Pods of DaemonSets run only on the node of the sequence. */
const onOwnNode: Draft = {
  nodeSelector: { [nodeKey]: '$namespace' },
  tolerations: [{ key: nodeKey, operator: 'Exists' }],
};

function spec(random: Random, kind: Kind, name: string): Draft {
  const labels = { app: name };
  const fields: Draft = {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { ...podSpec(random), ...(kind === 'DaemonSet' ? onOwnNode : {}) },
    },
  };
  if (kind !== 'DaemonSet') fields['replicas'] = random.below(4);
  if (kind === 'StatefulSet') {
    fields['serviceName'] = name;
    if (random.chance(0.3)) fields['podManagementPolicy'] = 'Parallel';
  }
  if (kind !== 'Deployment' && random.chance(0.2)) fields['updateStrategy'] = { type: 'OnDelete' };
  if (kind === 'Deployment') {
    if (random.chance(0.2)) fields['strategy'] = { type: 'Recreate' };
    if (random.chance(0.2)) {
      fields['strategy'] = { rollingUpdate: { maxSurge: random.below(2), maxUnavailable: 1 } };
    }
    if (random.chance(0.1)) fields['paused'] = true;
  }
  if (random.chance(0.2)) fields['revisionHistoryLimit'] = random.below(3);
  if (random.chance(0.05)) fields['selector'] = { matchLabels: { app: 'other' } };
  return fields;
}

const hash = (random: Random): string => `hash-${random.below(3)}`;

/** The only patch of a workload that wave-cron sends. */
function wavePatch(random: Random, target: Target): Draft {
  const metadata: Draft = { resourceVersion: `$rv:${keyOf(target)}` };
  const annotations: Draft = {};
  if (random.chance(0.5)) annotations[`${prefix}/written-hash`] = hash(random);
  if (random.chance(0.3)) annotations[`${prefix}/rollout-history`] = random.pick(['x', null, 'y']);
  if (random.chance(0.2)) annotations[`${prefix}/adopted`] = random.pick([null, 'x']);
  if (Object.keys(annotations).length > 0) metadata['annotations'] = annotations;
  const finalizer = [`${prefix}/finalizer`];
  if (random.chance(0.15)) metadata['finalizers'] = finalizer;
  else if (random.chance(0.2)) metadata['$deleteFromPrimitiveList/finalizers'] = finalizer;
  if (random.chance(0.3)) return { metadata };
  const isRemoved = random.chance(0.2);
  const template = {
    metadata: {
      annotations: {
        [`${prefix}/config-hash`]: isRemoved ? null : hash(random),
        [`${prefix}/config-sources`]: isRemoved ? null : random.pick(['{}', '{"a":1}']),
      },
    },
  };
  return { metadata, spec: { template } };
}

/** A change that a user could make. */
function userChange(random: Random, { kind }: Target): Draft {
  const change = random.below(6);
  if (change === 0) return { metadata: metadataChange(random, true) };
  if (change === 1 && kind !== 'DaemonSet') return { spec: { replicas: random.below(4) } };
  if (change === 2 && kind === 'Deployment') return { spec: { paused: random.chance(0.4) } };
  if (change === 3) return { spec: { template: { spec: podSpec(random) } } };
  if (change === 4) {
    const annotations = { [`${prefix}/config-hash`]: random.pick([null, hash(random)]) };
    return { spec: { template: { metadata: { annotations } } } };
  }
  const { containers } = podSpec(random);
  return { spec: { template: { spec: { containers: containers ?? [] } } } };
}

/** The complete spec, as GitOps tools apply it. */
function applied(random: Random, { kind, name }: Target): Draft {
  const all = spec(random, kind, name);
  const metadata = random.chance(0.5) ? { metadata: metadataChange(random, false) } : {};
  if (random.chance(0.3)) delete all['replicas'];
  return { ...metadata, spec: all };
}

const ready: JsonMap = {
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
};

/** Makes all Pods ready. */
export const runPods = (kind: Kind): Step => ({
  ...{ kind, name: undefined, method: 'GET', suffix: '', userAgent: 'kubelet/v1' },
  kubelet: ready,
  settles: true,
});

export function workloadStep(targets: readonly [Target, ...Target[]]): (random: Random) => Step {
  return (random) => {
    const target = random.pick(targets);
    const step = random.weighted<() => Step>([
      [5, () => createStep(random, target, { spec: spec(random, target.kind, target.name) })],
      [
        8,
        () => patchStep(random, target, wavePatch(random, target), '', ['strategic-merge-patch']),
      ],
      [8, () => patchStep(random, target, userChange(random, target), '', ['merge-patch'])],
      [4, () => patchStep(random, target, userChange(random, target))],
      [6, () => putStep(random, target, userChange(random, target))],
      [5, () => applyStep(random, target, applied(random, target))],
      [2, () => getStep(random, target)],
      [3, () => deleteStep(random, target)],
      [5, () => runPods(target.kind)],
    ])();
    return { ...step, settles: true };
  };
}
