import type { WorkloadName } from '../kubernetes/names.ts';
import type { PodObject, WorkloadObject } from '../kubernetes/objects.ts';
import { quote } from '../text/quote.ts';

/** The label of a Pod with the name of its ControllerRevision. */
const revisionLabel = 'controller-revision-hash';

/**
 * The Pods that a workload waits for before it replaces other Pods, as sentences that contain the
 * command to fix it. The status of the workload contains only the number of these Pods. Pure.
 *
 * @param pods the Pods that match the selector of the workload
 */
export function waitingPods(
  { kind, namespace, name }: WorkloadName,
  { metadata, spec, status }: WorkloadObject,
  pods: readonly PodObject[],
): string[] {
  const uid = metadata?.uid;
  const isOwn = (pod: PodObject) =>
    pod.metadata?.ownerReferences?.some((owner) => owner.controller && owner.uid === uid) === true;
  const ordered = spec?.podManagementPolicy !== 'Parallel';
  return pods.filter(isOwn).flatMap((pod) => {
    const podName = pod.metadata?.name ?? '';
    const remove = `kubectl -n ${namespace} delete pod ${podName}`;
    const deletedAt = pod.metadata?.deletionTimestamp;
    if (deletedAt != null) {
      return [
        `Pod ${podName} has been terminating since ${deletedAt}, and ${kind} ${name} waits until it is deleted`,
      ];
    }
    if (isReady(pod)) return [];
    const why = reasonOf(pod);
    const isUpdated = pod.metadata?.labels?.[revisionLabel] === status?.updateRevision;
    if (isUpdated) return [`its rollout waits for Pod ${podName} to become Ready${why}`];
    return ordered
      ? [
          `Pod ${podName} is not Ready${why} and has an earlier template: with podManagementPolicy OrderedReady it is not replaced, even after a correction (kubernetes#67250): run ${remove}`,
        ]
      : [];
  });
}

function isReady({ status }: PodObject): boolean {
  return (
    status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true
  );
}

/** The reason that the kubelet reports for a container of a Pod that does not run. */
function reasonOf({ status }: PodObject): string {
  const reason = status?.containerStatuses?.flatMap((each) => each.state?.waiting?.reason ?? [])[0];
  return reason === undefined ? '' : ` (${quote(reason)})`;
}
