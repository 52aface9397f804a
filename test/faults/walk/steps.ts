/**
 * The steps of a walk, as plain data, so that any list of steps can be run, shortened and printed. Objects
 * are named by their index in the lists of model.ts. A step that finds nothing to do does nothing, for
 * example if it deletes an object that does not exist.
 */
import fc from 'fast-check';
import { rowNames, rows } from '../table/rows.ts';
import { sourceNames, workloadNames } from './names.ts';
import {
  approving,
  failing,
  flapping,
  type PolicyStep,
  type PolicyUserStep,
  policyStep,
  policyUserStep,
} from './policy-steps.ts';
import { mentions, type Reference } from './references.ts';

export type UserStep =
  | PolicyUserStep
  | { do: 'write source'; source: number; x: number; y: number | null }
  | { do: 'delete source'; source: number }
  | {
      do: 'apply workload';
      workload: number;
      references: Reference[];
      optIn: boolean;
      adoption: 'stamp' | 'if-changed' | 'baseline';
    }
  | { do: 'delete workload'; workload: number; cascade: 'Background' | 'Foreground' | 'Orphan' }
  /**
   * The workload is deleted without its Pods. Then the same workload is created again and takes over the
   * Pods.
   */
  | { do: 'make anew'; workload: number }
  /**
   * An operator restores the template that the user gave. With `whole`, it also removes wave-cron's records
   * from the workload.
   */
  | { do: 'revert'; workload: number; whole: boolean }
  /** An operator does this immediately, after each of the next `times` writes of a hash. */
  | { do: 'operate'; workload: number; whole: boolean; times: number }
  | { do: 'opt'; workload: number; optIn: boolean }
  | { do: 'edit template'; workload: number }
  | { do: 'scale'; workload: number }
  | { do: 'pause'; workload: number };

/** The faults of the table without false responses, which are wrong reports of absence and stale reads. */
export const faultNames = rowNames.filter((name) => {
  const { nature } = rows[name];
  return nature !== 'absent' && nature !== 'stale';
});
export type FaultName = (typeof faultNames)[number];

/** A fault of one process. `nth` counts the requests of the process from 1. */
export type Fate = {
  faults: { nth: number; times: number; fault: FaultName }[];
  /** The request at which the process is killed or stopped, and whether this request is still executed. */
  end: { how: 'kill' | 'freeze'; nth: number; done: boolean } | null;
  /** The error of the process's wall clock, in hours. */
  wallHours: number;
  /**
   * If set, there are watches: the user does something after the pass, and another pass handles the events
   * of this change.
   */
  watches?: { then: UserStep } | null | undefined;
};

export type Step =
  | PolicyStep
  | UserStep
  | { do: 'ownership'; on: boolean }
  /** Several passes run at once. The user does something when the first of them sends its nth request. */
  | { do: 'passes'; fates: Fate[]; meanwhile: { nth: number; step: UserStep } | null }
  /** The program itself gets SIGKILL or SIGSTOP, and another process follows. */
  | { do: 'program'; end: NonNullable<Fate['end']> }
  | { do: 'check' };

const place = (names: readonly unknown[]) => fc.nat({ max: names.length - 1 });
const source = place(sourceNames);
const workload = place(workloadNames);
/** Most passes of a walk send ten to twenty requests. */
const nth = fc.integer({ min: 1, max: 16 });

const revert: fc.Arbitrary<UserStep> = fc.record({
  do: fc.constant('revert' as const),
  workload,
  whole: fc.boolean(),
});

const userStep: fc.Arbitrary<UserStep> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write source' as const),
      source,
      x: fc.nat({ max: 3 }),
      y: fc.option(fc.nat({ max: 3 })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete source' as const), source }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('apply workload' as const),
      workload,
      references: fc.array(fc.record({ source, how: fc.constantFrom(...mentions) }), {
        maxLength: 3,
      }),
      optIn: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
      adoption: fc.constantFrom('stamp', 'stamp', 'if-changed', 'baseline'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('delete workload' as const),
      workload,
      cascade: fc.constantFrom('Background', 'Foreground', 'Orphan'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('make anew' as const), workload }) },
  { weight: 2, arbitrary: revert },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('operate' as const),
      workload,
      whole: fc.boolean(),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('opt' as const), workload, optIn: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('edit template' as const), workload }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('scale' as const), workload }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pause' as const), workload }) },
);

const end = fc.record({
  how: fc.constantFrom('kill' as const, 'freeze' as const),
  nth,
  done: fc.boolean(),
});

const fate = (then: fc.Arbitrary<UserStep>): fc.Arbitrary<Fate> =>
  fc.record({
    faults: fc.array(
      fc.record({
        nth,
        times: fc.constantFrom(1, 1, 1, 2, 9),
        fault: fc.constantFrom(...faultNames),
      }),
      { maxLength: 2 },
    ),
    end: fc.option(end, { freq: 3 }),
    wallHours: fc.constantFrom(0, 0, 0, -30, 30),
    // Half of the passes have watches.
    watches: fc.option(fc.record({ then }), { freq: 2 }),
  });

/** An action of the user that a running pass may trip over. */
const meanwhile: fc.Arbitrary<UserStep> = fc.oneof(
  { weight: 2, arbitrary: userStep },
  { weight: 1, arbitrary: revert },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('opt' as const),
      workload,
      optIn: fc.constant(false),
    }),
  },
);

const onePass: Step = {
  do: 'passes',
  fates: [{ faults: [], end: null, wallHours: 0 }],
  meanwhile: null,
};

/** A workload whose Pods run with one configuration, and which later gets another configuration. */
const settled = fc
  .record({
    workload,
    source,
    how: fc.constantFrom(...mentions),
    adoption: fc.constantFrom('stamp' as const, 'if-changed' as const, 'baseline' as const),
  })
  .map(({ workload, source, how, adoption }) => ({
    workload,
    source,
    before: [
      { do: 'write source', source, x: 0, y: 0 },
      { do: 'apply workload', workload, references: [{ source, how }], optIn: true, adoption },
      { do: 'check' },
    ] as Step[],
  }));

/** A case that a random walk seldom reaches: the hash of a change is removed before any Pod is replaced. */
const operated: fc.Arbitrary<Step[]> = fc
  .record({ settled, whole: fc.boolean(), times: fc.integer({ min: 1, max: 3 }) })
  .map(({ settled: { workload, source, before }, whole, times }) => [
    ...before,
    { do: 'operate', workload, whole, times },
    { do: 'write source', source, x: 1, y: 1 },
    onePass,
    { do: 'check' },
  ]);

/**
 * Another rare case: the workload is younger than its Pods, and a source of these Pods has changed or is
 * gone.
 */
const madeAnew: fc.Arbitrary<Step[]> = fc
  .record({ settled, isGone: fc.boolean() })
  .map(({ settled: { workload, source, before }, isGone }) => [
    ...before,
    isGone ? { do: 'delete source', source } : { do: 'write source', source, x: 1, y: 1 },
    { do: 'make anew', workload },
    { do: 'check' },
  ]);

/** Like `meanwhile`, for walks with policies. */
const meanwhileWithPolicies: fc.Arbitrary<UserStep> = fc.oneof(
  { weight: 3, arbitrary: meanwhile },
  { weight: 1, arbitrary: policyUserStep },
);

/**
 * @param programs how many of a thousand steps start the program itself
 * @param policies whether rollouts have policies
 */
export function walkSteps(programs: number, policies: boolean): fc.Arbitrary<Step[]> {
  const inBetween = policies ? meanwhileWithPolicies : meanwhile;
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 600, arbitrary: userStep },
    {
      weight: 30,
      arbitrary: fc.record({ do: fc.constant('ownership' as const), on: fc.boolean() }),
    },
    {
      weight: 270,
      arbitrary: fc.record({
        do: fc.constant('passes' as const),
        fates: fc.array(fate(inBetween), { minLength: 1, maxLength: 3 }),
        meanwhile: fc.option(fc.record({ nth, step: inBetween }), { freq: 3 }),
      }),
    },
    { weight: programs, arbitrary: fc.record({ do: fc.constant('program' as const), end }) },
    { weight: 100, arbitrary: fc.record({ do: fc.constant('check' as const) }) },
    ...(policies ? [{ weight: 500, arbitrary: policyStep }] : []),
  );
  const steps = fc.oneof(
    { weight: 40, arbitrary: fc.tuple(step) },
    { weight: 1, arbitrary: fc.oneof(operated, madeAnew) },
    ...(policies ? [{ weight: 2, arbitrary: fc.oneof(approving, failing, flapping) }] : []),
  );
  return fc.array(steps, { minLength: 1, maxLength: 60, size: 'max' }).map((each) => each.flat());
}
