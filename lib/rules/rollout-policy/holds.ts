/**
 * Decides whether a hash that a pass has decided to write may be written now. Pure. For each
 * workload, a pass calls these functions in this order:
 *
 * 1. `passesAllHolds`: if a person has named this configuration in `/rollout-now`, the hash is
 *    written.
 * 2. `holdWithoutNamespace` needs no request. `policyOf` needs the annotations of the namespace. A
 *    pass reads each Namespace by its name, at most once.
 * 3. `holdNow` needs no further request.
 * 4. `holdByWrites` needs the times of earlier hashes. If another tool has removed the history of
 *    the workload, the pass lists its revisions.
 * 5. The queue (queue.ts), and then `queued`.
 *
 * The first hold is reported. Holds that need a person come before holds that end by themselves, so
 * that a person can approve before the window opens. Only `Settling` comes before the approval,
 * because the configuration may still change.
 */

import type { RolloutSettings } from '../../settings/schema.ts';
import { awaitingApproval, isOneOf } from './awaiting-approval.ts';
import { coolingDown } from './cooling-down.ts';
import { annotationText, type PolicyNames, type RolloutFacts } from './facts.ts';
import type { Change, Hold } from './hold.ts';
import { type PolicyKey, type PolicyLevel, type PolicyTexts, readLevel } from './level.ts';
import { limitExceeded } from './limit.ts';
import { outsideWindow } from './outside-window.ts';
import { paused } from './paused.ts';
import { joinLevels, type PolicyInForce } from './precedence.ts';
import { parseOrder } from './rollout-order.ts';
import { type SourceWrite, settling } from './settling.ts';
import { type Failure, stoppedByFailure } from './stopped-by-failure.ts';
import { policyInvalid, policyUnreadable } from './unreadable.ts';

/** The part of the settings that holds need. A pass reads it once. */
export interface PolicySettings {
  readonly level: PolicyLevel;
  readonly limit: RolloutSettings['limit'];
  /** The time zone of windows without a time zone of their own, and of local times in messages. */
  readonly timeZone: string;
}

/**
 * The policy annotations of a namespace; `off` if the settings say that these annotations do not
 * count.
 */
export type NamespaceReading =
  | 'off'
  | { readonly texts: PolicyTexts | undefined }
  | { readonly unreadable: string };

/**
 * The policy in force for one workload, together with the settings that no annotation can change.
 */
export interface Policy extends PolicyInForce {
  readonly limit: RolloutSettings['limit'];
  readonly timeZone: string;
}

/** Whether `/rollout-now` names this configuration. */
export function passesAllHolds({ hashes }: Change, now: string | undefined): boolean {
  return isOneOf(hashes, now);
}

/**
 * The hold if an annotation of the workload is invalid, or if a setting or an annotation of the
 * workload pauses it. The namespace cannot lift such a hold, so the namespace need not be read.
 */
export function holdWithoutNamespace(
  change: Change,
  { level, timeZone }: PolicySettings,
  own: RolloutFacts,
  names: PolicyNames,
  now: number,
): Hold | undefined {
  const read = readOwn(own, timeZone, names);
  if ('problem' in read) return policyInvalid(change, read.problem);
  return paused(change, { pauses: joinLevels([level, read]).pauses, timeZone }, { now });
}

/**
 * The policy of a workload. If the policy cannot be determined, the result is the hold for this
 * case.
 */
export function policyOf(
  change: Change,
  { level, limit, timeZone }: PolicySettings,
  namespace: NamespaceReading,
  own: RolloutFacts,
  names: PolicyNames,
): { readonly policy: Policy } | { readonly hold: Hold } {
  const workload = readOwn(own, timeZone, names);
  if ('problem' in workload) return { hold: policyInvalid(change, workload.problem) };
  if (namespace !== 'off' && 'unreadable' in namespace) {
    return { hold: policyUnreadable(change, namespace.unreadable) };
  }
  const from = (key: PolicyKey) => annotationText(key, names, change.workload.namespace);
  const texts = namespace === 'off' ? {} : (namespace.texts ?? {});
  const shared = readLevel(texts, from, timeZone);
  if ('problem' in shared) return { hold: policyInvalid(change, shared.problem) };
  return { policy: { ...joinLevels([level, shared, workload]), limit, timeZone } };
}

function readOwn(
  { texts = {}, order }: RolloutFacts,
  timeZone: string,
  names: PolicyNames,
): PolicyLevel | { readonly problem: string } {
  const place = parseOrder(order);
  return typeof place === 'number'
    ? readLevel(texts, (key) => annotationText(key, names), timeZone)
    : { problem: `annotation ${names.rolloutOrder} ${place.problem}` };
}

/** The facts that holds depend on in addition to the policy. */
export interface Circumstances {
  /** The time of the API server, in milliseconds since 1970. */
  readonly now: number;
  /** The result of `heldSince`. */
  readonly since: number;
  /** The result of `newestWrite`. */
  readonly newest: SourceWrite | undefined;
  /** The value of the annotation `/approved-config`. */
  readonly approved: string | undefined;
  /** The result of `failureOf`. Always undefined with `rollouts.onFailure: continue`. */
  readonly failure: Failure | undefined;
}

type HoldRule<C> = (change: Change, policy: Policy, circumstances: C) => Hold | undefined;

const rules: readonly HoldRule<Circumstances>[] = [
  paused,
  stoppedByFailure,
  settling,
  awaitingApproval,
  outsideWindow,
];

interface Writes {
  readonly now: number;
  /** The known times at which hashes were written to the workload, in milliseconds since 1970. */
  readonly writes: readonly number[];
}

const rulesOfWrites: readonly HoldRule<Writes>[] = [coolingDown, limitExceeded];

export function holdNow(
  change: Change,
  policy: Policy,
  circumstances: Circumstances,
): Hold | undefined {
  return firstOf(rules, change, policy, circumstances);
}

export function holdByWrites(change: Change, policy: Policy, writes: Writes): Hold | undefined {
  return firstOf(rulesOfWrites, change, policy, writes);
}

function firstOf<C>(
  of: readonly HoldRule<C>[],
  change: Change,
  policy: Policy,
  circumstances: C,
): Hold | undefined {
  for (const rule of of) {
    const hold = rule(change, policy, circumstances);
    if (hold !== undefined) return hold;
  }
  return undefined;
}
