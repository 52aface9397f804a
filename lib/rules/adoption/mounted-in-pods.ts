import { type Mounted, type MountStatus, type MountStatuses, mountKey } from '../mounted.ts';
import type { Workload } from '../workload.ts';
import { newestPods } from './own-pods.ts';
import type { PodsReading } from './pods.ts';

/** Returns the mounted objects of one class in the Pods of a workload. Pure. */
export function mountedOf(
  workload: Workload,
  className: string,
  pods: PodsReading,
  statuses: MountStatuses,
): Mounted {
  if (pods.state === 'unreadable') return { state: 'unreadable', why: pods.why };
  const newest = newestPods(workload, pods);
  if ('why' in newest) return { state: 'unknown', why: newest.why };
  const mounts: (MountStatus & { readonly name: string })[] = [];
  for (const { name, uid } of newest.groups.flatMap(({ pods: each = [] }) => each)) {
    const status = statuses.get(mountKey(uid, className));
    if (status === undefined) {
      const why = `the driver has not reported yet what Pod ${name} has mounted`;
      return { state: 'unknown', why };
    }
    mounts.push({ name, ...status });
  }
  const [first] = mounts;
  if (first === undefined) {
    return { state: 'unknown', why: 'it has no Pod with its current template' };
  }
  const { objects } = first;
  const other = mounts.find((each) => each.objects !== objects);
  if (other !== undefined) return { state: 'different', pods: [first.name, other.name] };
  const rotatedIn = mounts.find(({ isRotated }) => isRotated)?.name;
  return { state: 'agreed', objects, rotatedIn, inAllPods: newest.areAll };
}
