import type { PodSpec } from '../kubernetes/objects.ts';
import { quote } from '../text/quote.ts';
import { type Reason, reasons, type Said } from './reason.ts';
import type { WorkloadName } from './workload.ts';

/**
 * What upstream Wave's webhook does to a workload that is created before its sources: it names a
 * scheduler that does not exist, and keeps the real one in an annotation. Only Wave sets it back, so a
 * workload that was not set back when Wave was stopped waits for ever. Wave's prefix is not a setting.
 */
const annotation = 'wave.pusher.com/scheduling-disabled';
const noScheduler = 'wave.pusher.com/invalid';
/** The first versions with the webhook. It may be a scheduler of somebody else's. */
const earlyNoScheduler = 'invalid';

const usualScheduler = 'default-scheduler';

export interface HeldByWave {
  /** The scheduler that does not exist. */
  readonly schedulerName: string;
  /** The one that is to be set again. */
  readonly original: string;
}

export function heldByWave(
  annotations: Readonly<Record<string, string>>,
  { schedulerName }: PodSpec,
): HeldByWave | undefined {
  const kept = annotations[annotation];
  const isHeld =
    schedulerName === noScheduler || (schedulerName === earlyNoScheduler && kept !== undefined);
  if (!isHeld) return undefined;
  const isUsable = kept !== undefined && kept !== schedulerName && pastable.test(kept);
  return { schedulerName, original: isUsable ? kept : usualScheduler };
}

/** It becomes part of a command that people paste into a shell, and anybody may have written it. */
const pastable = /^[a-z0-9][a-z0-9._/-]{0,252}$/i;

/** Why no Pod starts, with the command that mends it. */
export function holdSentence(
  { kind, namespace, name }: WorkloadName,
  { schedulerName, original }: HeldByWave,
): string {
  const patch = JSON.stringify({
    metadata: { annotations: { [annotation]: null } },
    spec: { template: { spec: { schedulerName: original } } },
  });
  const mend = `kubectl -n ${namespace} patch ${kind.toLowerCase()} ${name} --type merge -p '${patch}'`;
  // It waits for a Pod that never gets ready before it replaces any.
  const pods = `kubectl -n ${namespace} delete pods --field-selector spec.schedulerName=${schedulerName}`;
  return `its new Pods are not scheduled: Wave set its schedulerName to ${quote(schedulerName)} and did not restore it; run ${mend}${kind === 'StatefulSet' ? ` && ${pods}` : ''}`;
}

/**
 * What is said of a workload that Wave holds back. What is written is written all the same: it restarts
 * nothing now, and need not restart anything again once the workload is free. Pure.
 *
 * @param hold of `holdSentence`; undefined if Wave does not hold it back
 */
export function withHold(said: Said, hold: string | undefined): Said {
  const { reason, sentence } = said;
  if (hold === undefined || over.has(reason)) return said;
  return reasons[reason].isWarning
    ? { reason, sentence: `${sentence}; ${hold}` }
    : { reason: 'SchedulingDisabled', sentence: `${hold}; ${sentence}` };
}

const over: ReadonlySet<Reason> = new Set(['Deleting', 'OptedOut']);
