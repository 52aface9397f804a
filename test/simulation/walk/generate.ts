/** Generates the plan of a walk from its seed. */
import { mentions } from '../../faults/walk/references.ts';
import { faultNames } from '../world/faults.ts';
import { SeededRandom } from '../world/random.ts';
import { streamFaults } from '../world/watch-stream.ts';
import { policyStep, settingStep } from './generate-policies.ts';
import { badValue, namespaces, sources, workloads } from './names.ts';
import { noFate } from './no-fate.ts';
import { scenario } from './scenarios.ts';
import type { CheckStep, Fate, Plan, ProcessStep, Step, UserStep } from './steps.ts';

/** @param length the approximate number of steps */
export function planOf(seed: number, length: number): Plan {
  const random = new SeededRandom(seed);
  const fleet = random.weighted([
    [4, 'jobs'],
    [4, 'replicas'],
    [1, 'shards'],
  ] as const);
  const optIn = random.weighted([
    [3, 'annotation'],
    [1, 'namespace'],
  ] as const);
  const schedule = random.of(['each ten minutes', 'each year'] as const);
  const withPolicies = random.isOneIn(fleet === 'jobs' ? 2 : 4);
  const steps: Step[] = beginning(random, fleet);
  while (steps.length < length) steps.push(...some(random, fleet, withPolicies));
  steps.push({ do: 'check', lift: true, waitMs: 0 });
  return { seed, fleet, optIn, schedule, steps };
}

type Fleet = Plan['fleet'];

function some(random: SeededRandom, fleet: Fleet, withPolicies: boolean): readonly Step[] {
  if (random.isOneIn(25)) return scenario(random, fleet, withPolicies);
  const what = random.weighted<() => UserStep | ProcessStep | CheckStep>([
    [60, () => userStep(random)],
    [35, () => processStep(random, fleet)],
    [withPolicies ? 25 : 0, () => policyStep(random, fleet)],
    [withPolicies ? 8 : 2, () => settingStep(random, withPolicies)],
    [6, () => ({ do: 'check', lift: false })],
  ]);
  return [{ ...what(), waitMs: pause(random) }];
}

/** The time between two steps in milliseconds. Most requests take some milliseconds. */
const pause = (random: SeededRandom): number =>
  random.weighted([
    [4, 0],
    [6, 30],
    [6, 300],
    [4, 3_000],
    [2, 20_000],
    [1, 70_000],
  ]);

/** The first steps create sources and workloads, and start processes. */
function beginning(random: SeededRandom, fleet: Fleet): Step[] {
  const steps: Step[] = [];
  for (const namespace of namespaces.keys()) {
    for (const source of sources.keys()) {
      if (random.isOneIn(2)) steps.push({ ...write(random, namespace, source), waitMs: 0 });
    }
    for (const workload of workloads.keys()) {
      if (random.isOneIn(2)) steps.push({ ...apply(random, namespace, workload), waitMs: 0 });
    }
  }
  if (fleet === 'jobs') steps.push({ do: 'once', fate: noFate, waitMs: 3_000 });
  else
    for (const replica of [0, 1])
      steps.push({ do: 'schedule', replica, fate: noFate, waitMs: 3_000 });
  return steps;
}

const write = (random: SeededRandom, namespace: number, source: number): UserStep => ({
  ...{ do: 'write source', namespace, source },
  x: random.isOneIn(40) ? badValue : random.below(4),
  y: random.isOneIn(2) ? null : random.below(4),
});

const apply = (random: SeededRandom, namespace: number, workload: number): UserStep => ({
  ...{ do: 'apply workload', namespace, workload },
  mentions: Array.from({ length: random.below(4) }, () => ({
    source: random.below(sources.length),
    how: random.of(mentions),
  })),
  optIn: !random.isOneIn(6),
  adoption: random.of(['stamp', 'stamp', 'if-changed', 'baseline'] as const),
});

export function userStep(random: SeededRandom): UserStep {
  const namespace = random.below(namespaces.length);
  const source = random.below(sources.length);
  const place = { namespace, workload: random.below(workloads.length) };
  const make = random.weighted<() => UserStep>([
    [18, () => write(random, namespace, source)],
    [2, () => ({ do: 'label source', namespace, source, value: random.below(100) })],
    [5, () => ({ do: 'delete source', namespace, source })],
    [12, () => apply(random, namespace, place.workload)],
    [
      3,
      () => ({
        do: 'delete workload',
        ...place,
        cascade: random.of(['Background', 'Foreground', 'Orphan']),
      }),
    ],
    [2, () => ({ do: 'recreate workload', ...place })],
    [4, () => ({ do: 'revert', ...place, whole: random.isOneIn(3) })],
    [3, () => ({ do: 'operate', ...place, whole: random.isOneIn(3), times: random.within(1, 3) })],
    [5, () => ({ do: 'opt', ...place, value: random.of(['true', 'true', 'false', null]) })],
    [4, () => ({ do: 'edit template', ...place })],
    [2, () => ({ do: 'scale', ...place })],
    [2, () => ({ do: 'pause', ...place })],
    [0.6, () => ({ do: 'delete namespace', namespace })],
    [0.6, () => ({ do: 'create namespace', namespace })],
  ]);
  return make();
}

const processes = 2;

function processStep(random: SeededRandom, fleet: Fleet): ProcessStep {
  const replica = random.below(processes);
  const starts: ProcessStep =
    fleet === 'jobs'
      ? { do: 'once', fate: fate(random) }
      : { do: 'schedule', replica, fate: fate(random) };
  const make = random.weighted<() => ProcessStep>([
    [fleet === 'jobs' ? 20 : 8, () => starts],
    [fleet === 'replicas' ? 3 : 0, () => ({ do: 'once', fate: fate(random) })],
    [0.5, () => ({ do: 'release', fate: fate(random) })],
    [fleet === 'jobs' ? 0 : 16, () => ({ do: 'harm', replica, fate: fate(random) })],
    [2, () => ({ do: 'terminate', replica })],
    [4, () => ({ do: 'kill', replica })],
    [4, () => ({ do: 'stop', replica })],
    [3, () => ({ do: 'resume', replica })],
    [1, () => ({ do: 'clock', replica, hours: random.of([-30, -1, 1, 30]) })],
    [
      fleet === 'jobs' ? 0 : 3,
      () => ({ do: 'trigger', replica, about: random.isOneIn(2) ? null : random.below(50) }),
    ],
    [fleet === 'jobs' ? 0 : 3, () => ({ do: 'streams', fault: random.of(streamFaults) })],
    [1, () => ({ do: 'compact' })],
    [
      9,
      () => ({
        do: 'network',
        fault: random.of(faultNames),
        times: random.of([1, 1, 2, 5, 12, 30]),
      }),
    ],
    [
      0.5,
      () => ({
        do: 'reject',
        what: random.of(['workloads', 'sources', 'events']),
        status: random.of([403, 422]),
      }),
    ],
    [
      2,
      () => ({ do: 'time', minutes: random.of(fleet === 'jobs' ? [1, 2, 5, 15] : [1, 1, 2, 5]) }),
    ],
  ]);
  return make();
}

export function fate(random: SeededRandom): Fate {
  const nth = (): number => random.within(1, 24);
  return {
    faults: Array.from({ length: random.below(4) }, () => ({
      ...{ nth: nth(), times: random.of([1, 1, 1, 2, 9]) },
      fault: random.of(faultNames),
    })),
    end: random.isOneIn(3)
      ? { how: random.of(['kill', 'stop'] as const), nth: nth(), done: random.isOneIn(2) }
      : null,
    wallHours: random.of([0, 0, 0, -30, 30]),
  };
}
