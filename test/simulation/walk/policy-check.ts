/**
 * Checks that the rollout policies allow a hash. A pass may have read each value at any time between
 * its beginning and the write. So a rule is broken only if it was broken during this complete time.
 */

import type { RolloutSettings } from '../../../lib/settings/schema.ts';
import {
  type Force,
  forceAt,
  msOf,
  policyKeys,
  type Texts,
} from '../../faults/walk/policy-rule.ts';
import { keys, policyKey } from './names.ts';
import { type Note, type Oracle, type Since, type Tracked, within } from './oracle.ts';
import type { Judged } from './write-check.ts';

/** A pass knows the time of the server only to the second, from its Lease. */
const slackMs = 3_000;
const lookEveryMs = 5_000;

type Annotations = Readonly<Record<string, string>>;

const policyNames = [...policyKeys, 'order'] as const;

export const textsOf = (annotations: Annotations): Texts =>
  Object.fromEntries(policyNames.map((name) => [name, annotations[policyKey(name)]]));

export const textsOfSettings = ({
  paused,
  windows,
  approval,
  settle,
  cooldown,
}: RolloutSettings): Texts => ({
  pause: String(paused),
  windows: JSON.stringify(windows),
  ...{ approval, settle, cooldown },
});

/** The forces of all policies that a pass may have read, at all possible times of its decision. */
export function forcesOn(
  oracle: Oracle,
  tracked: Pick<Tracked, 'namespace' | 'annotations'>,
  rollouts: RolloutSettings,
  [from, to]: readonly [number, number],
  epoch: number,
): Force[] {
  const times: number[] = [];
  for (let time = from - slackMs; time < to + slackMs; time += lookEveryMs) times.push(time);
  times.push(to + slackMs);
  const ofNamespace = textsWithin(
    oracle.namespaceAnnotations.get(tracked.namespace) ?? [],
    from,
    to,
  );
  return ofNamespace.flatMap((namespace) =>
    textsWithin(tracked.annotations, from, to).flatMap((workload) => {
      const levels = [textsOfSettings(rollouts), namespace, workload];
      return times.map((time) => forceAt(levels, epoch + time));
    }),
  );
}

/** Different annotations often have the same policy. */
function textsWithin(
  all: readonly Since<Annotations>[],
  from: number,
  to: number,
): readonly Texts[] {
  const found = new Map(
    within(all, from, to).map((each) => {
      const texts = textsOf(each);
      return [JSON.stringify(texts), texts] as const;
    }),
  );
  return [...found.values()];
}

export function wrongByPolicy(
  judged: Judged,
  tracked: Tracked,
  hash: string,
  began: number,
): string[] {
  const { writer, oracle, now, time } = judged;
  const read = within(tracked.annotations, began, now);
  if (read.some((each) => each[keys.now] === hash)) return [];
  const { rollouts } = writer;
  const forces = forcesOn(oracle, tracked, rollouts, [began, now], time - now);
  const isApproved = read.some((each) => each[keys.approved] === hash);
  const isHeld = ({ isInvalid, isPaused, isClosed, needsApproval }: Force): boolean =>
    isInvalid || isPaused || isClosed || (needsApproval && !isApproved);
  const wrong = [
    forces.length > 0 && forces.every(isHeld)
      ? `it was held: ${JSON.stringify(forces[0])}`
      : undefined,
    wrongWithLimit(tracked, rollouts, now),
    wrongWithCooldown(tracked, Math.min(...forces.map(({ cooldownMs }) => cooldownMs)), now),
    wrongWithSettle(oracle, tracked, Math.min(...forces.map(({ settleMs }) => settleMs)), now),
    wrongWithPlaces(judged, tracked, rollouts, began),
  ];
  return wrong.filter((each) => each !== undefined);
}

/**
 * A pass keeps only the number of rollout times that its own limit needs. So only writes under the same
 * limit count.
 */
function wrongWithLimit(
  { notes, stripped }: Tracked,
  { limit: { count, period } }: RolloutSettings,
  now: number,
): string | undefined {
  if (count === 0) return undefined;
  const last = notes.slice(stripped).slice(-count);
  const [first] = last;
  if (last.length < count || first === undefined) return undefined;
  const areKept = last.every(({ writer }: Note) => writer.rollouts.limit.count >= count);
  if (!areKept || first.at <= now - msOf(period) + slackMs) return undefined;
  return `${count} were written within ${period} before`;
}

function wrongWithCooldown(
  { notes, stripped }: Tracked,
  cooldownMs: number,
  now: number,
): string | undefined {
  const last = notes.slice(stripped).at(-1);
  if (last === undefined || last.at <= now - cooldownMs + slackMs) return undefined;
  return `the last one was written ${Math.round((now - last.at) / 1000)} s ago, within its cooldown`;
}

/** Writes of sources delay a rollout for at most ten times `settle`. */
function wrongWithSettle(
  oracle: Oracle,
  tracked: Tracked,
  settleMs: number,
  now: number,
): string | undefined {
  const { configurations, notes, object } = tracked;
  const changed = configurations.at(-1);
  const isFirst = notes.length === 0;
  const first = configurations[1]?.from ?? now;
  if (settleMs === 0 || isFirst || changed === undefined || now - first > 10 * settleMs)
    return undefined;
  const isLate = changed.from <= now - settleMs + slackMs;
  return isLate || oracle.lastSourceWriteOf(tracked) !== changed.from
    ? undefined
    : `a source of ${object.metadata.name} was written ${Math.round((now - changed.from) / 1000)} s ago, and it has to settle`;
}

function wrongWithPlaces(
  { oracle, now }: Judged,
  tracked: Tracked,
  { maxConcurrent, maxConcurrentPerNamespace }: RolloutSettings,
  began: number,
): string | undefined {
  // A workload whose rollout may already have been unfinished keeps its place.
  if (within(tracked.incomplete, began, now).some(Boolean)) return undefined;
  const unfinished = oracle.live.filter(
    ({ uid, unfinishedSince, notes }) =>
      uid !== tracked.uid &&
      unfinishedSince !== undefined &&
      (unfinishedSince < began || notes.at(-1)?.began === began),
  );
  const inNamespace = unfinished.filter(({ namespace }) => namespace === tracked.namespace);
  for (const [most, others] of [
    [maxConcurrent, unfinished],
    [maxConcurrentPerNamespace, inNamespace],
  ] as const) {
    if (most === undefined || others.length + 1 <= Number(most)) continue;
    const labels = others.map(({ label }) => label).join(', ');
    return `it is the unfinished rollout number ${others.length + 1} of at most ${most}, with ${labels}`;
  }
  return undefined;
}
