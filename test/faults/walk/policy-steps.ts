/**
 * The steps of a walk with rollout policies, as plain data. Times are in minutes from the moment of the
 * step.
 */
import fc from 'fast-check';
import { badValue, sourceNames, workloadNames } from './names.ts';
import type { Step } from './steps.ts';

export type WindowStep = {
  kind: 'allow' | 'deny';
  /** If negative, the window opened this long ago. */
  opensIn: number;
  lasts: number;
  timeZone: string;
};

/** An index in the list of workloads, or another place that can have a policy. */
export type PolicyPlace = 'settings' | 'namespace' | number;

export type PolicyChange =
  | { key: 'pause'; value: 'true' | 'false' | 'tomorrow' | number | null }
  | { key: 'windows'; value: WindowStep[] | 'sometimes' | null }
  | { key: 'approval'; value: 'required' | 'none' | 'maybe' | null }
  | { key: 'settle' | 'cooldown'; value: string | null }
  | { key: 'order'; value: string | null };

export type PolicyUserStep =
  | { do: 'policy'; place: PolicyPlace; change: PolicyChange }
  | { do: 'approve'; workload: number; which: 'pending' | 'older'; now: boolean };

export type PolicyStep =
  | { do: 'limits'; limit: number; maxConcurrent: number | null; perNamespace: number | null }
  | { do: 'time'; minutes: number }
  /** Rollouts get time to finish or fail. */
  | { do: 'rest' }
  /** All policies are removed, all values are corrected, and broken Pods are deleted. */
  | { do: 'lift' };

const policyDos = new Set(['policy', 'approve', 'limits', 'time', 'rest', 'lift']);
export const isPolicyStep = ({ do: what }: { do: string }): boolean => policyDos.has(what);

const workload = fc.nat({ max: workloadNames.length - 1 });
const source = fc.nat({ max: sourceNames.length - 1 });

const window: fc.Arbitrary<WindowStep> = fc.record({
  kind: fc.constantFrom('allow' as const, 'deny' as const),
  opensIn: fc.integer({ min: -20, max: 12 }).map((hours) => hours * 30),
  lasts: fc.constantFrom(30, 90, 240, 600),
  timeZone: fc.constantFrom('UTC', 'Asia/Tokyo', 'Asia/Kolkata', 'America/Phoenix'),
});

/** Half of all changes remove a rule. Otherwise, walks would get stuck behind holds. */
const orNone = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 2 });

const windows = fc.array(window, { maxLength: 2 });

const settingChange: fc.Arbitrary<PolicyChange> = fc.oneof(
  fc.record({
    key: fc.constant('pause' as const),
    value: orNone(fc.constantFrom('true' as const, 30, 120)),
  }),
  fc.record({ key: fc.constant('windows' as const), value: orNone(windows) }),
  fc.record({
    key: fc.constant('approval' as const),
    value: orNone(fc.constant('required' as const)),
  }),
  fc.record({
    key: fc.constantFrom('settle' as const, 'cooldown' as const),
    value: orNone(fc.constantFrom('0s', '10m', '2h')),
  }),
);

const annotationChange: fc.Arbitrary<PolicyChange> = fc.oneof(
  { weight: 4, arbitrary: settingChange },
  {
    weight: 1,
    arbitrary: fc.constantFrom<PolicyChange>(
      { key: 'pause', value: 'tomorrow' },
      { key: 'pause', value: 'false' },
      { key: 'windows', value: 'sometimes' },
      { key: 'approval', value: 'maybe' },
      { key: 'approval', value: 'none' },
      { key: 'settle', value: 'soon' },
      { key: 'cooldown', value: 'a while' },
    ),
  },
);

const orderChange: fc.Arbitrary<PolicyChange> = fc.record({
  key: fc.constant('order' as const),
  value: fc.constantFrom(null, '-1', '0', '1', 'first'),
});

const policy = (place: fc.Arbitrary<PolicyPlace>, change: fc.Arbitrary<PolicyChange>) =>
  fc.record({ do: fc.constant('policy' as const), place, change });

export const policyUserStep: fc.Arbitrary<PolicyUserStep> = fc.oneof(
  { weight: 3, arbitrary: policy(fc.constant('namespace'), annotationChange) },
  { weight: 4, arbitrary: policy(workload, annotationChange) },
  { weight: 2, arbitrary: policy(workload, orderChange) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('approve' as const),
      workload,
      which: fc.constantFrom('pending' as const, 'pending' as const, 'older' as const),
      now: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
    }),
  },
);

const places = fc.option(fc.integer({ min: 1, max: 2 }), { freq: 2 });

const limits: fc.Arbitrary<PolicyStep> = fc.record({
  do: fc.constant('limits' as const),
  limit: fc.constantFrom(0, 1, 2, 3),
  maxConcurrent: places,
  perNamespace: places,
});

const badWrite: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('write source' as const),
  source,
  x: fc.constant(badValue),
  y: fc.constant(null),
});

export const policyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: policy(fc.constant('settings'), settingChange) },
  { weight: 9, arbitrary: policyUserStep },
  { weight: 3, arbitrary: limits },
  { weight: 2, arbitrary: badWrite },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('time' as const),
      minutes: fc.constantFrom(1, 15, 45, 130, 400),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'rest' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'lift' }) },
);

const goodPass: Step = {
  do: 'passes',
  fates: [{ faults: [], end: null, wallHours: 0 }],
  meanwhile: null,
};

const use = (workload: number, source: number): Step => ({
  do: 'apply workload',
  workload,
  references: [{ source, how: 'all' }],
  optIn: true,
  adoption: 'stamp',
});

/** A case that a random walk seldom reaches: a rollout fails while others of the same change still wait. */
export const failing: fc.Arbitrary<Step[]> = fc
  .record({ source, first: fc.nat({ max: 1 }), perNamespace: fc.boolean() })
  .map(({ source, first, perNamespace }) => [
    { do: 'lift' },
    { do: 'write source', source, x: 0, y: 0 },
    ...[0, 1, 2].map((each) => use(each, source)),
    { do: 'check' },
    { do: 'rest' },
    {
      do: 'limits',
      limit: 0,
      maxConcurrent: perNamespace ? null : 1,
      perNamespace: perNamespace ? 1 : null,
    },
    { do: 'policy', place: first, change: { key: 'order', value: '-1' } },
    { do: 'write source', source, x: badValue, y: 0 },
    goodPass,
    goodPass,
    { do: 'rest' },
    goodPass,
    { do: 'limits', limit: 0, maxConcurrent: null, perNamespace: null },
    { do: 'policy', place: first, change: { key: 'order', value: null } },
    goodPass,
    { do: 'check' },
  ]);

/** Another rare case: the approved configuration is no longer the current one. */
export const approving: fc.Arbitrary<Step[]> = fc
  .record({ source, workload, now: fc.boolean() })
  .map(({ source, workload, now }) => {
    const write = (x: number): Step => ({ do: 'write source', source, x, y: null });
    const approve = (which: 'pending' | 'older'): Step => ({ do: 'approve', workload, which, now });
    return [
      { do: 'lift' },
      write(0),
      use(workload, source),
      { do: 'check' },
      { do: 'policy', place: workload, change: { key: 'approval', value: 'required' } },
      write(1),
      goodPass,
      approve('older'),
      goodPass,
      approve('pending'),
      write(2),
      goodPass,
      approve('pending'),
      goodPass,
      { do: 'check' },
    ];
  });

/** Another rare case: one workload gets more changes within an hour than a limit or a cooldown allows. */
export const flapping: fc.Arbitrary<Step[]> = fc
  .record({ source, workload, limit: fc.nat({ max: 2 }), cooldown: fc.boolean() })
  .map(({ source, workload, limit, cooldown }) => [
    { do: 'lift' },
    { do: 'limits', limit, maxConcurrent: null, perNamespace: null },
    ...(cooldown
      ? [{ do: 'policy', place: workload, change: { key: 'cooldown', value: '1h' } } as const]
      : []),
    use(workload, source),
    ...[0, 1, 2, 3].flatMap((x): Step[] => [
      { do: 'write source', source, x, y: null },
      goodPass,
      { do: 'time', minutes: 15 },
    ]),
    { do: 'check' },
  ]);
