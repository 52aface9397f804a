import { podTemplatePatch, workloadEntry } from '../kubernetes/kinds.ts';
import type { WorkloadName } from '../kubernetes/names.ts';
import type { PodSpec } from '../kubernetes/objects.ts';
import { quote } from '../text/quote.ts';

/**
 * If a workload is created before its sources, the webhook of upstream Wave sets a scheduler that
 * does not exist on the workload, and keeps the original scheduler name in this annotation. Only
 * Wave restores the original name. If Wave was removed before it did so, the workload waits
 * permanently. The prefix of Wave's annotations is fixed.
 */
const annotation = 'wave.pusher.com/scheduling-disabled';
const noScheduler = 'wave.pusher.com/invalid';
/**
 * The first versions with the webhook used this name. It may also be the name of a real scheduler.
 */
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

/**
 * The scheduler names that may be pasted. The name becomes a part of a shell command, and any
 * client may have written it.
 */
const pastable = /^[a-z0-9][a-z0-9._/-]{0,252}$/i;

/** A sentence that says why no Pod starts, with the command to fix this. */
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
  // Before a StatefulSet replaces a Pod, it waits for the Pod that never becomes ready. So the
  // command also deletes that Pod.
  const pods = `kubectl -n ${namespace} delete pods --field-selector spec.schedulerName=${schedulerName}`;
  return `its new Pods are not scheduled: Wave set its schedulerName to ${quote(schedulerName)} and did not restore it; run ${mend}${entry.rollout.waitsForEachPod ? ` && ${pods}` : ''}`;
}
