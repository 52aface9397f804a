/** Steps about rollout policies. */
import type { SeededRandom } from '../world/random.ts';
import { namespaces, workloads } from './names.ts';
import type { Plan, PolicyKey, PolicyValue, ProcessStep, UserStep, WindowStep } from './steps.ts';

const aWindow = (random: SeededRandom): WindowStep => ({
  kind: random.of(['allow', 'deny']),
  opensIn: random.within(-20, 12) * 30,
  lasts: random.of([30, 90, 240, 600]),
});

const windows = (random: SeededRandom): readonly WindowStep[] =>
  Array.from({ length: random.below(3) }, () => aWindow(random));

/** Half of all changes remove a policy. Otherwise, walks would get stuck behind holds. */
function policyValue(random: SeededRandom, key: PolicyKey): PolicyValue {
  if (random.isOneIn(2)) return null;
  switch (key) {
    case 'pause':
      return random.of(['true', 30, 120, 'false', 'tomorrow']);
    case 'windows':
      return random.isOneIn(12) ? 'sometimes' : windows(random);
    case 'approval':
      return random.of(['required', 'required', 'required', 'none', 'maybe']);
    case 'order':
      return random.of(['-1', '0', '1', '-1', '1', 'first']);
    default:
      return random.of(['0s', '10m', '2h', 'soon']);
  }
}

/** Replicas send requests continuously, so a long time would need many requests. */
const leaps = {
  jobs: [1, 15, 45, 130, 400],
  replicas: [1, 1, 5, 20],
  shards: [1, 1, 5, 20],
} as const;

export function policyStep(random: SeededRandom, fleet: Plan['fleet']): UserStep | ProcessStep {
  const namespace = random.below(namespaces.length);
  const workload = random.below(workloads.length);
  const key = random.of(['pause', 'windows', 'approval', 'settle', 'cooldown', 'order'] as const);
  const ofNamespace = key !== 'order' && random.isOneIn(3);
  const make = random.weighted<() => UserStep | ProcessStep>([
    [
      6,
      () => ({
        ...{ do: 'policy', namespace, key, value: policyValue(random, key) },
        workload: ofNamespace ? null : workload,
      }),
    ],
    [
      6,
      () => ({
        ...{ do: 'approve', namespace, workload, now: random.isOneIn(5) },
        which: random.of(['pending', 'pending', 'older'] as const),
      }),
    ],
    [4, () => ({ do: 'time', minutes: random.of(leaps[fleet]) })],
  ]);
  return make();
}

export function settingStep(random: SeededRandom, withPolicies: boolean): ProcessStep {
  const ownership = {
    key: 'ownership',
    value: random.of(['off', 'references', 'finalizer', 'finalizer'] as const),
  } as const;
  if (!withPolicies) return { do: 'setting', setting: ownership };
  const place = random.isOneIn(2) ? null : random.within(1, 2);
  const setting = random.of([
    ownership,
    { key: 'paused', value: random.isOneIn(3) },
    { key: 'approval', value: random.isOneIn(3) ? 'required' : 'none' },
    { key: 'settle', value: random.of(['0s', '0s', '10m']) },
    { key: 'cooldown', value: random.of(['0s', '0s', '10m', '2h']) },
    { key: 'limit', value: random.of([0, 1, 2, 3]) },
    { key: 'maxConcurrent', value: place },
    { key: 'maxConcurrentPerNamespace', value: place },
  ] as const);
  return { do: 'setting', setting };
}
