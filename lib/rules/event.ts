import { createHash } from 'node:crypto';
import { apiVersionOf, workloadEntry } from '../kubernetes/kinds.ts';
import { type EventName, fieldManager, type WorkloadName } from '../kubernetes/names.ts';
import { microTime } from '../text/micro-time.ts';
import { cut, sentence } from '../text/printable.ts';
import { isHold, type Reason, reasons, type Said } from './reason.ts';
import type { Outcome } from './report.ts';
import type { ListedName } from './workload.ts';

/** An Event of events.k8s.io/v1 as we create it. */
export interface WorkloadEvent {
  readonly apiVersion: 'events.k8s.io/v1';
  readonly kind: 'Event';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly eventTime: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: Reason;
  readonly action: string;
  readonly note: string;
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly reportingController: string;
  readonly reportingInstance: string;
}

/** A hash that was written to a template, with the reason of its decision. */
export interface HashWrite extends Said {
  readonly hash: string;
}

/** The content of one Event. */
export interface EventContent extends Said {
  /** The hash, if it was written to the template. */
  readonly hash?: string | undefined;
  /** Whether the Event must be recorded now, because the next pass would not record it. */
  readonly isOnlyNow: boolean;
}

/**
 * The Events to record for an outcome; empty if it is not of interest. Pure.
 *
 * A hold that is recorded on the workload gets an Event when it starts or replaces another hold. A change
 * may be held for weeks, and an Event in each pass would cost as much as the rollout.
 */
export function eventsOf(
  { reason, sentence, written, held }: Said & Pick<Outcome, 'written' | 'held'>,
  { hashWrite, holdIsNew }: { readonly hashWrite?: HashWrite; readonly holdIsNew?: true },
): EventContent[] {
  const isOnlyNow = written || foundDone.includes(reason) || holdIsNew === true;
  const own = { reason, sentence, hash: hashWrite?.hash, isOnlyNow };
  const repeats = reasons[reason].isWarning || (isHold(reason) && held === undefined);
  const isConcern = isOnlyNow || repeats;
  return [
    ...(isConcern ? [own] : []),
    // If owner references failed, the outcome has another reason than the write. The write gets its
    // own Event, because later passes count it: see rolloutEvent.
    ...(hashWrite === undefined || hashWrite.reason === reason
      ? []
      : [{ ...hashWrite, isOnlyNow: true }]),
  ];
}

/** The result of recording an Event. */
export type EventRecord = 'created' | 'continued' | 'lost';

/**
 * Whether the outcome is news: it was not the same in the pass before. Pure.
 *
 * Only the Events know which warnings an earlier pass has recorded: the same warning continues its series,
 * which expires an hour after its last Event. A hold that is recorded on the workload is news when it begins,
 * even if its warning gets another sentence in each pass.
 */
export function isNews(
  { held }: Pick<Outcome, 'held'>,
  { isOnlyNow }: Pick<EventContent, 'isOnlyNow'>,
  record: EventRecord,
): boolean {
  return isOnlyNow || (held === undefined && record === 'created');
}

/**
 * Reasons that write a record to the workload. The next pass finds the record and reports UpToDate.
 */
const foundDone: readonly Reason[] = ['Adopted', 'AlreadyCurrent'];

/**
 * The Event for one outcome.
 *
 * Its name is derived from its content. So a warning or a hold that repeats has the same Event in
 * each pass, and continues its series instead of creating one Event per pass; this needs no memory
 * between passes. An Event for a rollout is named by the written hash, so its series says how often
 * that hash was written: see `rolloutEvent`. Any other Event is new each time, because its name
 * includes the resourceVersion.
 *
 * @param outcome with `hash` if it was written to the template
 * @param instance the identity of this process; cut to 128 bytes
 */
export function workloadEvent(
  workload: ListedName,
  outcome: Said & Pick<EventContent, 'hash'>,
  instance: string,
  now: Date,
): WorkloadEvent {
  const { reason } = outcome;
  const isWarning = reasons[reason].isWarning;
  const note = sentence(outcome.sentence);
  const { namespace, name, uid } = workload;
  const { kind, ...resource } = workloadEntry(workload.kind);
  const occasion = isWarning || isHold(reason) ? '' : workload.resourceVersion;
  const eventName =
    !isWarning && outcome.hash !== undefined
      ? rolloutEvent(workload, reason, outcome.hash).name
      : nameOf(name, [uid, reason, note, occasion]);
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: eventName, namespace },
    eventTime: microTime(now),
    type: isWarning ? 'Warning' : 'Normal',
    reason,
    action: actionOf(reason),
    note,
    regarding: { apiVersion: apiVersionOf(resource), kind, namespace, name, uid },
    reportingController: fieldManager,
    reportingInstance: cut(instance, 128),
  };
}

function actionOf(reason: Reason): string {
  if (reasons[reason].isWarning || isHold(reason)) return 'LeaveAlone';
  return reason === 'Adopted' || reason === 'AlreadyCurrent' ? 'RecordHash' : 'WriteHash';
}

/**
 * The Event that records that this hash was written to this workload. For a template without a
 * hash, it shows whether and how often the hash was written before.
 */
export function rolloutEvent(
  { namespace, name, uid }: Pick<WorkloadName, 'namespace' | 'name'> & { readonly uid: string },
  reason: Reason,
  hash: string,
): EventName {
  return { namespace, name: nameOf(name, [uid, reason, hash]) };
}

function nameOf(workload: string, parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20);
  return `${workload.slice(0, 253 - 1 - digest.length).replace(/[.-]+$/, '')}.${digest}`;
}
