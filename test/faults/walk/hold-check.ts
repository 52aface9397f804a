/** Checks whether a workload without its current hash is held, and whether there is a reason for the hold. */
import type { Outcome } from '../../../lib/rules/report.ts';
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import { isHold, mayBeHeld } from './holds.ts';
import type { ModelWorkload } from './model.ts';
import { approvalsOf, pendingKey } from './policies.ts';
import { forcesOn } from './policy-check.ts';
import { msOf } from './policy-rule.ts';
import type { Walk } from './walk.ts';

/** The outcome of a workload that the last good pass held; undefined if it did not hold the workload. */
export function holdOf({ lastReport }: Walk, { kind, name }: ModelWorkload): Outcome | undefined {
  const outcome = lastReport?.outcomes.find((each) => each.kind === kind && each.name === name);
  return outcome !== undefined && isHold(outcome) ? outcome : undefined;
}

/**
 * The problems with a hold, or with a workload that is not held but still has the annotation
 * `pending-config`.
 */
export function wrongWithHold(
  here: Walk,
  workload: ModelWorkload,
  { metadata }: KubernetesObject,
): string[] {
  const { kind, name, current } = workload;
  const label = `${kind}/${name}`;
  const hold = holdOf(here, workload);
  const pending = metadata.annotations?.[pendingKey];
  if (current === undefined) return [];
  if (hold === undefined) {
    return pending === undefined ? [] : [`${label} is not held, and has ${pending}`];
  }
  const wrong: string[] = [];
  const { hash } = (pending === undefined ? {} : JSON.parse(pending)) as { hash?: string };
  if (hash !== current) wrong.push(`${label} is held, and has ${pending} for ${current}`);
  if (!isJustified(here, workload, metadata.annotations ?? {}, hold.reason)) {
    wrong.push(`${label} is held for nothing: ${hold.reason}: ${hold.sentence}`);
  }
  return wrong;
}

function isJustified(
  here: Walk,
  { kind, name, current }: ModelWorkload,
  annotations: Readonly<Record<string, string>>,
  reason: string,
): boolean {
  const { policies } = here.user;
  const { settings } = policies;
  const times = here.lastPass;
  const forces = forcesOn(policies, annotations, settings, [times.from, times.to]);
  const { approved } = approvalsOf(annotations);
  // A workload that was created again takes over the revisions of the previous one. They count as its own.
  const label = `${kind}/${name}`;
  const last = here.ledger.notes.findLast((note) => note.label === label)?.at ?? 0;
  const others = () => here.user.record.since(times.beganAt);
  return mayBeHeld(reason, {
    ...{ forces, slackMs },
    isApproved: approved === current,
    sinceSourceMs: times.from - here.ledger.model.sourceWrites.lastAt,
    sinceHashMs: times.from - last,
    limitMs: settings.limit.count > 0 ? msOf(settings.limit.period) : undefined,
    isBlocked: () => others().some(({ isComplete }) => !isComplete),
    isStopped: () => others().some(({ failedAt }) => failedAt !== undefined),
  });
}

/** Times in a walk can be off by this much, because the clock leaps while passes run. */
const slackMs = 120_000;
