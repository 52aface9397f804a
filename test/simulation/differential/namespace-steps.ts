/** Random requests about a namespace and its quota, and requests to a namespace that is being deleted. */
import type { Draft } from '../server/json.ts';
import type { Random } from './random.ts';
import {
  createStep,
  deleteStep,
  getStep,
  metadataChange,
  patchStep,
  putStep,
} from './source-steps.ts';
import type { Step } from './step.ts';
import type { Target } from './targets.ts';

const own: Target = { kind: 'Namespace', name: 'own' };
const quota: Target = { kind: 'ResourceQuota', name: 'q' };
const objects: readonly [Target, ...Target[]] = [
  { kind: 'ConfigMap', name: 'a' },
  { kind: 'ConfigMap', name: 'b' },
  { kind: 'Secret', name: 's' },
  { kind: 'Secret', name: 't' },
];

function limits(random: Random): Draft {
  const hard: Draft = {};
  if (random.chance(0.6)) hard['configmaps'] = String(1 + random.below(3));
  if (random.chance(0.6)) hard['count/secrets'] = String(random.below(3));
  if (random.chance(0.2)) hard['secrets'] = '1';
  return { spec: { hard } };
}

/** The finalizer delays the deletion of the namespace. */
function withFinalizer(random: Random): Draft {
  const all = ['wave.pusher.com/finalizer'];
  const field = random.chance(0.3) ? 'finalizers' : '$deleteFromPrimitiveList/finalizers';
  return { metadata: { [field]: all } };
}

export function namespaceStep(random: Random): Step {
  const target = random.pick(objects);
  const step = random.weighted<() => Step>([
    [6, () => patchStep(random, own, { metadata: metadataChange(random, true) })],
    [2, () => putStep(random, own, { metadata: metadataChange(random, true) })],
    [3, () => getStep(random, own)],
    [3, () => createStep(random, quota, limits(random))],
    [3, () => patchStep(random, quota, limits(random), '', ['merge-patch'])],
    [1, () => deleteStep(random, quota)],
    [14, () => createStep(random, target, {})],
    [6, () => deleteStep(random, target)],
    [2, () => patchStep(random, target, withFinalizer(random), '', ['strategic-merge-patch'])],
    [0.3, () => deleteStep(random, own)],
  ])();
  return { ...step, settles: true };
}
