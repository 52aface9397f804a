/**
 * What may happen in a walk, as plain data: any list of steps can be run, shortened and printed.
 * Objects are named by their place in the lists of model.ts. A step that finds nothing to do (to
 * delete what is not there) does nothing.
 */
import fc from 'fast-check';
import { rowNames, rows } from '../table/rows.ts';
import { sourceNames, workloadNames } from './model.ts';
import {
  approving,
  failing,
  flapping,
  type PolicyStep,
  type PolicyUserStep,
  policyStep,
  policyUserStep,
} from './policy-steps.ts';

/** How a workload mentions a source. */
export const mentions = ['all', 'optional', 'key', 'volume', 'extra'] as const;
export type Mention = (typeof mentions)[number];
export type Reference = { source: number; how: Mention };

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
  /** Its Pods are left behind, and the same workload made anew takes them over. */
  | { do: 'make anew'; workload: number }
  /** An operator puts back the template that the user gave; `whole`: and what we noted on the workload. */
  | { do: 'revert'; workload: number; whole: boolean }
  /** An operator that does so at once, as often as that, whenever a hash is written. */
  | { do: 'operate'; workload: number; whole: boolean; times: number }
  | { do: 'opt'; workload: number; optIn: boolean }
  | { do: 'edit template'; workload: number }
  | { do: 'scale'; workload: number }
  | { do: 'pause'; workload: number };

/** Faults of the table that leave what is told true: no lies about absence, no stale reads. */
export const faultNames = rowNames.filter((name) => {
  const { nature } = rows[name];
  return nature !== 'absent' && nature !== 'stale';
});
export type FaultName = (typeof faultNames)[number];

/** How one process fares: `nth` counts its requests from 1. */
export type Fate = {
  faults: { nth: number; times: number; fault: FaultName }[];
  /** At which request it is killed or stopped, and whether that request is still done. */
  end: { how: 'kill' | 'freeze'; nth: number; done: boolean } | null;
  /** How far off its wall clock is. */
  wallHours: number;
  /** With watches: the user does something after the pass, and another pass handles its events. */
  watches?: { then: UserStep } | null | undefined;
};

export type Step =
  | PolicyStep
  | UserStep
  | { do: 'ownership'; on: boolean }
  /** Passes at once; the user does something when the first of them sends its nth request. */
  | { do: 'passes'; fates: Fate[]; meanwhile: { nth: number; step: UserStep } | null }
  /** The program itself, with SIGKILL or SIGSTOP, and another one after it. */
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
    // Half of them.
    watches: fc.option(fc.record({ then }), { freq: 2 }),
  });

/** What a pass that is under way may trip over. */
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

/** A workload whose Pods run with one configuration, and that is to come to another one. */
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

/** What a walk of chance seldom comes to: the hash of a change is removed before any Pod was replaced. */
const operated: fc.Arbitrary<Step[]> = fc
  .record({ settled, whole: fc.boolean(), times: fc.integer({ min: 1, max: 3 }) })
  .map(({ settled: { workload, source, before }, whole, times }) => [
    ...before,
    { do: 'operate', workload, whole, times },
    { do: 'write source', source, x: 1, y: 1 },
    onePass,
    { do: 'check' },
  ]);

/** Likewise: the workload is younger than its Pods, and a source of theirs has changed or is gone. */
const madeAnew: fc.Arbitrary<Step[]> = fc
  .record({ settled, isGone: fc.boolean() })
  .map(({ settled: { workload, source, before }, isGone }) => [
    ...before,
    isGone ? { do: 'delete source', source } : { do: 'write source', source, x: 1, y: 1 },
    { do: 'make anew', workload },
    { do: 'check' },
  ]);

/** As `meanwhile`, where rollouts have policies. */
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
