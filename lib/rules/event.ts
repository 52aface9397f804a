import { createHash } from 'node:crypto';
import { cut, sentence } from '../text/printable.ts';
import { type Reason, reasons } from './reason.ts';
import type { ListedName, WorkloadName } from './workload.ts';

/** The field manager of our patches, and the reporting controller of our Events. */
export const fieldManager = 'wave-cron';

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
    readonly apiVersion: 'apps/v1';
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
  readonly reportingController: string;
  readonly reportingInstance: string;
}

/**
 * The Event for one outcome.
 *
 * Its name is derived from its content. So a warning or a hold that repeats has the same Event in
 * each pass, and continues its series instead of creating one Event per pass; this needs no memory
 * between passes. An Event for a rollout is named by the written hash, so its series says how often
 * that hash was written: see `rolloutEvent`. Any other Event is new each time, because its name
 * includes the resourceVersion.
 *
 * @param outcome `hash` if it was written to the template
 * @param instance the identity of this process; cut to 128 bytes
 */
export function workloadEvent(
  workload: ListedName,
  outcome: {
    readonly reason: Reason;
    readonly sentence: string;
    readonly hash?: string | undefined;
  },
  instance: string,
  now: Date,
): WorkloadEvent {
  const { reason } = outcome;
  const isWarning = reasons[reason].isWarning;
  const note = sentence(outcome.sentence);
  const { kind, namespace, name, uid } = workload;
  const occasion = isWarning || reason === 'Settling' ? '' : workload.resourceVersion;
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
    regarding: { apiVersion: 'apps/v1', kind, namespace, name, uid },
    reportingController: fieldManager,
    reportingInstance: cut(instance, 128),
  };
}

function actionOf(reason: Reason): string {
  if (reasons[reason].isWarning || reason === 'Settling') return 'LeaveAlone';
  return reason === 'Adopted' || reason === 'AlreadyCurrent' ? 'RecordHash' : 'WriteHash';
}

/** The name of an Event. */
export interface EventName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * The Event that records that this hash was written to this workload. If a template has no hash, it
 * tells whether and how often the hash was written before.
 */
export function rolloutEvent(
  { namespace, name, uid }: Pick<WorkloadName, 'namespace' | 'name'> & { readonly uid: string },
  reason: Reason,
  hash: string,
): EventName {
  return { namespace, name: nameOf(name, [uid, reason, hash]) };
}

/** The fields that continue the series of an existing Event. */
export function nextOfSeries(
  count: number | undefined,
  now: Date,
): { series: { count: number; lastObservedTime: string } } {
  return seriesOf((count ?? 1) + 1, now);
}

/** The fields that say how often the Event occurred, and that it still does. */
export function seriesOf(
  count: number,
  now: Date,
): { series: { count: number; lastObservedTime: string } } {
  return { series: { count, lastObservedTime: microTime(now) } };
}

function nameOf(workload: string, parts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20);
  return `${workload.slice(0, 253 - 1 - digest.length).replace(/[.-]+$/, '')}.${digest}`;
}

/** RFC 3339 with six fractional digits, the format of a MicroTime in the API. */
function microTime(date: Date): string {
  return date.toISOString().replace(/Z$/, '000Z');
}
