/** Random requests about owner references and finalizers, and deletions of the owners. */
import type { Draft, JsonMap } from '../server/json.ts';
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
import { apis, keyOf, type Target } from './targets.ts';

const objects: readonly [Target, ...Target[]] = [
  { kind: 'ConfigMap', name: 'a' },
  { kind: 'ConfigMap', name: 'b' },
  { kind: 'ConfigMap', name: 'c' },
  { kind: 'Secret', name: 's' },
  { kind: 'Lease', name: 'l' },
];

const ghosts: readonly [JsonMap, ...JsonMap[]] = [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: 'ghost',
    uid: '22222222-2222-4333-8444-555555555555',
  },
  { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: '33333333-2222-4333-8444-555555555555' },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: 'x',
    uid: '44444444-2222-4333-8444-555555555555',
  },
  { apiVersion: 'v1', kind: 'Secret', name: '', uid: '' },
];

/**
 * Only an object earlier in the list can be the owner: if owners form a circle, the order in which the
 * collector breaks it depends on chance.
 */
function ownerOf(random: Random, owned: Target): JsonMap {
  const flags: Draft = {};
  if (random.chance(0.4)) flags['blockOwnerDeletion'] = random.chance(0.8);
  if (random.chance(0.15)) flags['controller'] = random.chance(0.8);
  if (random.chance(0.12)) return { ...random.pick(ghosts), ...flags };
  const [first, ...others] = objects.slice(0, objects.indexOf(owned));
  if (first === undefined) return { ...random.pick(ghosts), ...flags };
  const target = random.pick([first, ...others]);
  const { kind, name } = target;
  const { apiVersion } = apis[kind];
  return { apiVersion, kind, name, uid: `$uid:${keyOf(target)}`, ...flags };
}

/** Usually, each owner occurs once. */
function someOwners(random: Random, owned: Target): JsonMap[] {
  const count = random.weighted([
    [5, 1],
    [3, 2],
    [1, 0],
    [1, 3],
  ]);
  const all = Array.from({ length: count }, () => ownerOf(random, owned));
  const uids = all.map(({ uid }) => uid);
  return all.filter(({ uid }, at) => uids.indexOf(uid) === at);
}

const finalizers = ['wave.pusher.com/finalizer', 'example.com/other'] as const;

function ownershipChange(random: Random, target: Target): Draft {
  const metadata = random.chance(0.2) ? metadataChange(random, true) : {};
  if (random.chance(0.7)) metadata['ownerReferences'] = someOwners(random, target);
  if (random.chance(0.3)) metadata['finalizers'] = random.some(finalizers, 0.5);
  if (random.chance(0.02)) metadata['finalizers'] = ['not valid'];
  return { metadata };
}

/** A strategic merge patch in the form that wave-cron sends. */
function strategicChange(random: Random, target: Target): Draft {
  const metadata: Draft = {};
  const owners = someOwners(random, target).map((owner) =>
    random.chance(0.35) ? { $patch: 'delete', uid: owner['uid'] ?? '' } : owner,
  );
  if (owners.length > 0) metadata['ownerReferences'] = owners;
  if (random.chance(0.25)) metadata['finalizers'] = random.some(finalizers, 0.5);
  else if (random.chance(0.3)) {
    metadata['$deleteFromPrimitiveList/finalizers'] = random.some(finalizers, 0.6);
  }
  if (random.chance(0.3)) {
    metadata['uid'] = `$uid:${keyOf(target)}`;
    metadata['resourceVersion'] = `$rv:${keyOf(target)}`;
  }
  return { metadata };
}

/**
 * A sequence has either finalizers or foreground deletions. With both, it depends on chance whether the
 * collector sees a dependent before the owner has stopped waiting.
 */
export const ownerStep =
  (has: 'finalizers' | 'foreground') =>
  (random: Random): Step => {
    const step = anyStep(random);
    const text = JSON.stringify([step.body, step.edit]);
    const isLeftOut =
      has === 'finalizers' ? text.includes('Foreground') : text.includes('finalizers');
    return isLeftOut ? ownerStep(has)(random) : step;
  };

function anyStep(random: Random): Step {
  const target = random.pick(objects);
  const step = random.weighted<() => Step>([
    [
      16,
      () => createStep(random, target, random.chance(0.4) ? ownershipChange(random, target) : {}),
    ],
    [6, () => putStep(random, target, ownershipChange(random, target))],
    [
      14,
      () =>
        patchStep(random, target, strategicChange(random, target), '', ['strategic-merge-patch']),
    ],
    [5, () => patchStep(random, target, ownershipChange(random, target), '', ['merge-patch'])],
    [6, () => applyStep(random, target, ownershipChange(random, target))],
    [3, () => getStep(random, target)],
    [12, () => deleteStep(random, target)],
  ])();
  return { ...step, settles: true };
}
