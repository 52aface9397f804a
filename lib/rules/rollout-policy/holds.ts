/**
 * Whether a hash may be written now that a pass has decided to write. Pure. For each workload a pass asks, in
 * this order:
 *
 * 1. `passesAllHolds`: if a person has named this configuration in `/rollout-now`, nothing else is asked.
 * 2. `holdWithoutNamespace`, then `policyOf`. Only the second needs the annotations of the namespace, which a
 *    pass reads by name, at most once.
 * 3. `holdNow`: everything that is known without a further request.
 * 4. `holdByWrites`: it needs the times of earlier writes, for which revisions are listed if the history of the
 *    workload was stripped.
 * 5. The queue (queue.ts), then `queued`.
 *
 * The first hold is reported. Holds that need a person come first: a person should approve before the window
 * opens, not once it is open. Only `Settling` comes before an approval, because the configuration may still change.
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

/** What the settings say, read once a pass. */
export interface PolicySettings {
  readonly level: PolicyLevel;
  readonly limit: RolloutSettings['limit'];
  /** Of windows that name none, and of the local times in sentences. */
  readonly timeZone: string;
}

/** The annotations of a namespace: `off` if they do not count. */
export type NamespaceReading =
  | 'off'
  | { readonly texts: PolicyTexts | undefined }
  | { readonly unreadable: string };

/** The policy of one workload. */
export interface Policy extends PolicyInForce {
  readonly limit: RolloutSettings['limit'];
  readonly timeZone: string;
}

/** Whether `/rollout-now` names this configuration. */
export function passesAllHolds({ hashes }: Change, now: string | undefined): boolean {
  return isOneOf(hashes, now);
}

/**
 * The hold of a workload that is paused by the settings or by its own annotation, or has an invalid annotation.
 * Its namespace cannot lift such a hold, and need not be read.
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

/** The policy of a workload, or the hold of one whose policy is not known. */
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

/** What a hold depends on besides the policy. */
export interface Circumstances {
  /** By the clock of the API server, in milliseconds since 1970. */
  readonly now: number;
  /** As `heldSince`. */
  readonly since: number;
  /** As `newestWrite`. */
  readonly newest: SourceWrite | undefined;
  /** The annotation `/approved-config`. */
  readonly approved: string | undefined;
  /** As `failureOf`; undefined if the settings do not ask for it. */
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
  /** When hashes were written to it, as far as that is known. */
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
