/** Random requests about Leases and Events, as wave-cron sends them. */
import type { Draft, JsonMap } from '../server/json.ts';
import type { Random } from './random.ts';
import {
  createStep,
  deleteStep,
  getStep,
  listStep,
  metadataChange,
  patchStep,
  putStep,
} from './source-steps.ts';
import type { Step } from './step.ts';
import type { Target } from './targets.ts';

const lease: Target = { kind: 'Lease', name: 'wave-cron' };
const events: readonly [Target, ...Target[]] = [
  { kind: 'Event', name: 'web.1' },
  { kind: 'Event', name: 'web.2' },
];

const times = [
  '2026-01-01T00:00:00.000000Z',
  '2026-01-01T00:00:01.500000Z',
  '2026-01-01T00:01:00.000000Z',
] as const;

function leaseFields(random: Random): Draft {
  const spec: Draft = { holderIdentity: random.pick(['one', 'two', '']) };
  if (random.chance(0.8)) spec['renewTime'] = random.pick(times);
  if (random.chance(0.5)) spec['acquireTime'] = random.pick(times);
  if (random.chance(0.5)) spec['leaseDurationSeconds'] = random.pick([15, 60]);
  if (random.chance(0.4)) spec['leaseTransitions'] = random.below(3);
  if (random.chance(0.03)) spec['leaseDurationSeconds'] = -1;
  const annotations = { 'wave.pusher.com/lease-of': 'wave-cron' };
  return { spec, ...(random.chance(0.8) ? { metadata: { annotations } } : {}) };
}

/** A renewal by one of several processes that hold the Lease as a group. */
function renewal(random: Random): Step {
  const body: JsonMap[] = [
    { op: 'test', path: '/spec/holderIdentity', value: random.pick(['one', 'two']) },
    { op: 'add', path: '/spec/renewTime', value: random.pick(times) },
    {
      ...{ op: 'add', path: '/metadata/annotations/wave.pusher.com~1renewed-by' },
      value: random.pick(['m1', 'm2']),
    },
  ];
  return {
    ...lease,
    ...{ method: 'PATCH', userAgent: 'wave-cron/1', body },
    contentType: 'application/json-patch+json',
    suffix: '?fieldManager=wave-cron',
    settles: false,
  };
}

function leaseStep(random: Random): Step {
  return random.weighted<() => Step>([
    [4, () => createStep(random, lease, leaseFields(random))],
    [10, () => patchStep(random, lease, leaseFields(random), '', ['merge-patch'])],
    [4, () => putStep(random, lease, leaseFields(random))],
    [6, () => renewal(random)],
    [3, () => getStep(random, lease)],
    [1, () => deleteStep(random, lease)],
  ])();
}

function eventFields(random: Random): Draft {
  const fields: Draft = {
    eventTime: random.pick(times),
    ...{ type: random.pick(['Normal', 'Warning']), reason: 'ConfigChanged', action: 'WriteHash' },
    note: random.pick(['a note', 'another']),
    regarding: {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', namespace: '$namespace', name: 'web' },
      uid: '55555555-2222-4333-8444-555555555555',
    },
    reportingController: 'wave-cron',
    reportingInstance: random.pick(['i1', 'i2']),
  };
  if (random.chance(0.04)) delete fields['reportingInstance'];
  if (random.chance(0.04)) fields['type'] = 'Other';
  if (random.chance(0.04)) fields['note'] = 'x'.repeat(2_000);
  if (random.chance(0.04)) fields['reportingController'] = 'not valid';
  if (random.chance(0.04)) delete fields['eventTime'];
  return fields;
}

function eventChange(random: Random): Draft {
  const series = { count: random.below(5), lastObservedTime: random.pick(times) };
  if (random.chance(0.5)) return { series };
  if (random.chance(0.5)) return {};
  if (random.chance(0.5)) return { note: 'changed' };
  return { metadata: metadataChange(random, true) };
}

function eventStep(random: Random): Step {
  const target = random.pick(events);
  return random.weighted<() => Step>([
    [8, () => createStep(random, target, eventFields(random))],
    [12, () => patchStep(random, target, eventChange(random), '', ['merge-patch'])],
    [3, () => patchStep(random, target, eventChange(random))],
    [3, () => putStep(random, target, eventChange(random))],
    [3, () => getStep(random, target)],
    [2, () => eventList(random)],
    [1, () => deleteStep(random, target)],
  ])();
}

function eventList(random: Random): Step {
  const step = listStep(random, 'Event');
  const selector = random.pick([
    'regarding.kind=Deployment,regarding.name=web',
    'regarding.name=x',
  ]);
  return { ...step, suffix: `?fieldSelector=${encodeURIComponent(selector)}` };
}

export function recordStep(random: Random): Step {
  return random.chance(0.5) ? leaseStep(random) : eventStep(random);
}
