/** Reduces a failing plan: first the steps, then the faults and the waiting times. */
import { noFate } from './no-fate.ts';
import type { Failure } from './run.ts';
import type { Plan, Step } from './steps.ts';
import { walk } from './walk.ts';

/** @param most the maximum number of walks */
export async function shrink(plan: Plan, most = 300): Promise<Plan> {
  let left = most;
  let best = plan;
  const fails = async (steps: readonly Step[]): Promise<boolean> => {
    left -= 1;
    const smaller = { ...best, steps };
    if ((await walk(smaller)).violations.length === 0) return false;
    best = smaller;
    return true;
  };
  const { steps } = await walk(plan);
  best = { ...best, steps: plan.steps.slice(0, steps) };
  for (let size = Math.ceil(best.steps.length / 2); size >= 1 && left > 0; ) {
    let hasShrunk = false;
    for (let from = best.steps.length - size; from > -size && left > 0; from -= size) {
      const start = Math.max(from, 0);
      const without = best.steps.toSpliced(start, Math.min(size, from + size));
      if (await fails(without)) hasShrunk = true;
    }
    if (!hasShrunk || size > 1) {
      if (size === 1) break;
      size = Math.ceil(size / 2);
    }
  }
  for (const [place, step] of best.steps.entries()) {
    for (const simpler of simplerThan(step)) {
      if (left <= 0) return best;
      await fails(best.steps.with(place, simpler));
    }
  }
  return best;
}

/** Simpler forms of a step, the simplest one last. */
function simplerThan(step: Step): readonly Step[] {
  const forms: Step[] = [];
  if ('fate' in step && step.fate !== noFate) {
    for (const nth of step.fate.faults.keys()) {
      forms.push({ ...step, fate: { ...step.fate, faults: step.fate.faults.toSpliced(nth, 1) } });
    }
    forms.push({ ...step, fate: { ...step.fate, end: null } });
    forms.push({ ...step, fate: noFate });
  }
  if (step.do === 'apply workload') {
    for (const nth of step.mentions.keys()) {
      forms.push({ ...step, mentions: step.mentions.toSpliced(nth, 1) });
    }
  }
  if (step.waitMs > 0) forms.push({ ...step, waitMs: 0 });
  return forms;
}

/** The shortest reproduction of a failing walk: its violations, and a test. */
export async function reproductionOf({ plan, violations, after }: Failure): Promise<string> {
  const small = await shrink(plan);
  const again = await walk(small);
  return [
    `walk ${plan.seed}, after ${after} steps:`,
    ...violations.map((each) => `  ${each}`),
    `npm run test:simulation -- --walk ${plan.seed} --log`,
    `made smaller, to ${small.steps.length} steps:`,
    asTest(small, again.violations[0] ?? ''),
  ].join('\n');
}

/** The plan as a test that can be pasted into test/simulation/walk. */
function asTest(plan: Plan, violation: string): string {
  const steps = plan.steps.map((step) => `      ${JSON.stringify(step)},`);
  const { seed, fleet, optIn, schedule } = plan;
  return [
    `it(${JSON.stringify(violation.slice(0, 80))}, async () => {`,
    '  const plan: Plan = {',
    `    ...${JSON.stringify({ seed, fleet, optIn, schedule })},`,
    '    steps: [',
    ...steps,
    '    ],',
    '  } as Plan;',
    '  assert.deepEqual((await walk(plan)).violations, []);',
    '});',
  ].join('\n');
}
