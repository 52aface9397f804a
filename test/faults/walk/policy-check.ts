/**
 * Checks the hashes that passes wrote against the policies that were in force:
 *
 * - no hash is written while an invalid policy, a pause, a window or a missing approval holds the workload,
 *   unless `/rollout-now` names that hash;
 * - there are never more writes within a period than the limit allows, and none within the cooldown;
 * - there are never more unfinished rollouts than `maxConcurrent` allows;
 * - no version with which a rollout has failed is given to another workload.
 *
 * A pass knows only what it has read. So each rule considers everything that was true between the first
 * list of the pass and the write.
 */
import { approvalsOf, type Policies, textsOf, textsOfSettings } from './policies.ts';
import { type Force, forceAt, msOf } from './policy-rule.ts';
import { type RolloutRecord, sinceHash, type Version, visibleFrom } from './rollout-record.ts';
import type { WriteNote } from './write-note.ts';

/**
 * A pass knows the time of the API server from its Lease only to the second, and it writes a hash some time
 * after its decision.
 */
const clockSlackMs = 3_000;
/** The clock of a walk can leap by this much while passes run. */
const leapSlackMs = 120_000;
const lookEveryMs = 20_000;

/** The effect of all policies that the writer may have read, at all times at which it may have decided. */
export function forcesOn(
  policies: Policies,
  annotations: Readonly<Record<string, string>>,
  settings: WriteNote['writer']['rollouts'],
  [from, to]: readonly [number, number],
): Force[] {
  const times: number[] = [];
  for (let time = from - clockSlackMs; time < to + clockSlackMs; time += lookEveryMs) {
    times.push(time);
  }
  times.push(to + clockSlackMs);
  return policies.namespaceTexts(from, to).flatMap((namespace) => {
    const levels = [textsOfSettings(settings), namespace, textsOf(annotations)];
    return times.map((time) => forceAt(levels, time));
  });
}

/**
 * Returns a message for each rule that the write broke.
 *
 * @param earlier all earlier notes, the newest last
 */
export function wrongWithWrite(
  note: WriteNote,
  earlier: readonly WriteNote[],
  policies: Policies,
  record: RolloutRecord,
): string[] {
  const { annotations, hash, label, writer, from, at } = note;
  const what = `${writer.name} wrote ${hash.slice(0, 8)} to ${label}`;
  const { approved, now } = approvalsOf(annotations);
  if (now === hash) return [];
  const forces = forcesOn(policies, annotations, writer.rollouts, [from, at]);
  const own = earlier.filter(({ uid }) => uid === note.uid);
  const wrong: (string | undefined)[] = [
    forces.every(heldBy(hash, approved))
      ? `while it was held: ${inWords(forces, hash, approved)}`
      : undefined,
    wrongWithLimit(note, own),
    wrongWithCooldown(note, own, Math.min(...forces.map(({ cooldownMs }) => cooldownMs))),
    wrongWithPlaces(note, record),
    wrongWithFailure(note, own.length === 0, earlier, record),
  ];
  return wrong.flatMap((each) => (each === undefined ? [] : [`${what} ${each}`]));
}

const heldBy =
  (hash: string, approved: string | undefined) =>
  ({ isInvalid, isPaused, isClosed, needsApproval }: Force): boolean =>
    isInvalid || isPaused || isClosed || (needsApproval && approved !== hash);

function inWords([force]: readonly Force[], hash: string, approved: string | undefined): string {
  const approval = approved === hash ? 'given' : `of ${approved?.slice(0, 8) ?? 'nothing'}`;
  return `${JSON.stringify(force)}, with an approval ${approval}`;
}

/**
 * The problem of a write under a limit; undefined if there is none. A pass keeps only as many known
 * times as its limit needs. So only writes under at least this limit count.
 */
function wrongWithLimit(note: WriteNote, own: readonly WriteNote[]): string | undefined {
  const { count, period } = note.writer.rollouts.limit;
  if (count === 0 || note.isStripped) return undefined;
  const periodMs = msOf(period);
  const last = own.slice(-count);
  const first = last[0];
  if (last.length < count || first === undefined) return undefined;
  const areKept = last.every(({ writer }) => writer.rollouts.limit.count >= count);
  if (!areKept || first.at <= note.at - periodMs + leapSlackMs) return undefined;
  return `though ${count} were written within ${period} before`;
}

function wrongWithCooldown(
  { at, isStripped }: WriteNote,
  own: readonly WriteNote[],
  cooldownMs: number,
): string | undefined {
  const last = own.at(-1);
  if (last === undefined || isStripped || last.at <= at - cooldownMs + leapSlackMs)
    return undefined;
  return `${Math.round((at - last.at) / 60_000)} minutes after the last one, within its cooldown`;
}

/**
 * The time for which an unfinished rollout certainly keeps its place. It is shorter than
 * `progressDeadline`, because time passes in leaps.
 */
const longestMs = 6 * 24 * 3_600_000;

function wrongWithPlaces(note: WriteNote, record: RolloutRecord): string | undefined {
  const { maxConcurrent = Infinity, maxConcurrentPerNamespace = Infinity } = note.writer.rollouts;
  const most = Math.min(Number(maxConcurrent), Number(maxConcurrentPerNamespace));
  const { number, uid, writer } = note;
  const from = writer.listed?.number ?? 0n;
  if (most === Infinity || mayHavePlace(record.before(uid, number), from)) return undefined;
  const others = record.uids.filter(
    (each) => each !== uid && takesPlace(record.before(each, number), from),
  );
  if (others.length + 1 <= most) return undefined;
  const labels = others.map((each) => record.newest(each)?.label);
  return `as the unfinished rollout number ${others.length + 1} of at most ${most}, with ${labels.join(', ')}`;
}

/** Whether the workload may have had an unfinished rollout, of any cause. Then it keeps its place. */
const mayHavePlace = (versions: readonly Version[], from: bigint): boolean =>
  visibleFrom(versions, from).some(
    ({ hash, isComplete, isActive }) => hash !== '' && !isComplete && isActive,
  );

/** Whether a rollout by wave-cron was unfinished for the whole time in which a pass could see it. */
function takesPlace(versions: readonly Version[], from: bigint): boolean {
  const since = sinceHash(versions);
  if (since === undefined || !isUnfinished(since)) return false;
  const [first] = since;
  const isOfThisPass = first !== undefined && first.number > from;
  const seen = isOfThisPass ? since : visibleFrom(versions, from);
  return seen.every(({ isActive }) => isActive);
}

function isUnfinished(since: readonly Version[]): boolean {
  const [first] = since;
  if (first === undefined || since.at(-1)?.isActive !== true) return false;
  return Date.now() - first.seenAt < longestMs && !since.some(({ isComplete }) => isComplete);
}

function wrongWithFailure(
  note: WriteNote,
  isFirst: boolean,
  earlier: readonly WriteNote[],
  record: RolloutRecord,
): string | undefined {
  const all = [...(note.given ?? [])].map(([source, { version }]) => [source, version] as const);
  for (const [source, version] of isFirst ? all : (note.changed ?? [])) {
    const failed = earlier.find(
      (other) => other.uid !== note.uid && isFailedWith(other, source, version, note, record),
    );
    if (failed !== undefined) {
      return `with version ${version} of ${source}, with which ${failed.label} has failed`;
    }
  }
  return undefined;
}

/**
 * Whether the write of `other` has failed with this version, according to everything that the
 * writer of `note` could see.
 */
function isFailedWith(
  other: WriteNote,
  source: string,
  version: number,
  { number, writer }: WriteNote,
  record: RolloutRecord,
): boolean {
  if (other.changed?.get(source) !== version) return false;
  const versions = record.before(other.uid, number);
  const since = sinceHash(versions);
  const [first] = since ?? [];
  if (since === undefined || first?.number !== other.number) return false;
  const before = record.before(other.uid, other.number).at(-1);
  if (before?.isComplete !== true || !before.isActive) return false;
  // A template that another client has reverted looks like a new template, unless the rollout has failed
  // before.
  const isUndone = ({ othersAt, saidAt }: Version) =>
    othersAt > before.othersAt && (saidAt === undefined || saidAt > othersAt);
  if (since.some(isUndone)) return false;
  const isSame = ({ template, replicas }: Version) =>
    template === before.template && replicas === before.replicas;
  const visible = visibleFrom(since, writer.listed?.number ?? 0n);
  return (
    since.every((each) => isSame(each) && each.isActive) &&
    (writer.listed?.number ?? 0n) > other.number &&
    visible.every(({ failedAt = 0 }) => failedAt > first.seenAt + 1_000)
  );
}
