import { podTemplatePatch, workloadEntry } from '../kubernetes/kinds.ts';
import type { WorkloadName } from '../kubernetes/names.ts';
import type { PodSpec } from '../kubernetes/objects.ts';
import { quote } from '../text/quote.ts';

/**
 * The webhook of upstream Wave sets a scheduler that does not exist on a workload that is created
 * before its sources, and keeps the original one in an annotation. Only Wave restores it. If Wave
 * was removed before, the workload waits permanently. The prefix of Wave is fixed.
 */
const annotation = 'wave.pusher.com/scheduling-disabled';
const noScheduler = 'wave.pusher.com/invalid';
/** Used by the first versions with the webhook. It may also be a real scheduler. */
const earlyNoScheduler = 'invalid';

const usualScheduler = 'default-scheduler';

export interface HeldByWave {
  /** The scheduler that does not exist. */
  readonly schedulerName: string;
  /** The scheduler to restore. */
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

/** It becomes a part of a shell command, and any client may have written it. */
const pastable = /^[a-z0-9][a-z0-9._/-]{0,252}$/i;

/** Why no Pod starts, with the command to fix it. */
export function holdSentence(
  { kind, namespace, name }: WorkloadName,
  { schedulerName, original }: HeldByWave,
): string {
  const entry = workloadEntry(kind);
  const patch = JSON.stringify({
    metadata: { annotations: { [annotation]: null } },
    ...podTemplatePatch(entry, { spec: { schedulerName: original } }),
  });
  const mend = `kubectl -n ${namespace} patch ${kind.toLowerCase()} ${name} --type merge -p '${patch}'`;
  // A StatefulSet waits for a Pod that never becomes ready before it replaces any.
  const pods = `kubectl -n ${namespace} delete pods --field-selector spec.schedulerName=${schedulerName}`;
  return `its new Pods are not scheduled: Wave set its schedulerName to ${quote(schedulerName)} and did not restore it; run ${mend}${entry.rollout.waitsForEachPod ? ` && ${pods}` : ''}`;
}
