/** Checks whether a workload without its current hash is held, and whether there is a reason for the hold. */
import type { Outcome } from '../../../lib/rules/report.ts';
import type { KubernetesObject } from '../../../tools/control-plane/api.ts';
import type { ModelWorkload } from './model.ts';
import { approvalsOf, pendingKey } from './policies.ts';
import { forcesOn } from './policy-check.ts';
import { msOf } from './policy-rule.ts';
import type { Walk } from './walk.ts';

const holds = new Set<string>([
  ...['Paused', 'OutsideWindow', 'AwaitingApproval', 'Settling', 'CoolingDown', 'LimitExceeded'],
  ...['Queued', 'StoppedByFailure', 'PolicyUnreadable'],
]);

export const isHold = ({ reason, sentence }: Outcome): boolean =>
  holds.has(reason) || (reason === 'InvalidAnnotation' && sentence.includes('rollout policy'));

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
  if (!mayBeHeld(here, workload, metadata.annotations ?? {}, hold.reason)) {
    wrong.push(`${label} is held for nothing: ${hold.reason}: ${hold.sentence}`);
  }
  return wrong;
}

function mayBeHeld(
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
  const isWithin = (ms: number) => times.from - last < ms + slackMs;
  switch (reason) {
    case 'InvalidAnnotation':
      return forces.some(({ isInvalid }) => isInvalid);
    case 'Paused':
      return forces.some(({ isPaused }) => isPaused);
    case 'OutsideWindow':
      return forces.some(({ isClosed }) => isClosed);
    case 'AwaitingApproval':
      return approved !== current && forces.some(({ needsApproval }) => needsApproval);
    case 'Settling':
      return forces.some(
        ({ settleMs }) => times.from - here.ledger.model.sourceWrites.lastAt < settleMs + slackMs,
      );
    case 'CoolingDown':
      return forces.some(({ cooldownMs }) => cooldownMs > 0 && isWithin(cooldownMs));
    case 'LimitExceeded':
      return settings.limit.count > 0 && isWithin(msOf(settings.limit.period));
    case 'Queued':
      return here.user.record.since(times.beganAt).some(({ isComplete }) => !isComplete);
    case 'StoppedByFailure':
      return here.user.record.since(times.beganAt).some(({ failedAt }) => failedAt !== undefined);
    default:
      return false;
  }
}

/** Times in a walk can be off by this much, because the clock leaps while passes run. */
const slackMs = 120_000;
