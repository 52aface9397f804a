import type { WorkloadStatus } from '../../../lib/status/workload-status.ts';

/** `Kind/namespace/name` */
export function keyOf({ kind, namespace, name }: WorkloadStatus): string {
  return `${kind}/${namespace}/${name}`;
}

/** The workloads whose state differs from before, including new workloads. */
export function changedSince(
  before: readonly WorkloadStatus[],
  now: readonly WorkloadStatus[],
): readonly WorkloadStatus[] {
  const states = new Map(before.map((each) => [keyOf(each), each.state]));
  return now.filter((each) => states.get(keyOf(each)) !== each.state);
}

/** A screen reader would need too long for more names. */
const mostNamed = 3;

/** One sentence for a screen reader; an empty text if nothing changed. */
export function announcementOf(changed: readonly WorkloadStatus[]): string {
  if (changed.length === 0) return '';
  const named = changed.slice(0, mostNamed).map(({ name, state }) => `${name} is ${state}`);
  const more = changed.length - named.length;
  return `${named.join(', ')}${more === 0 ? '' : ` and ${more} more changed`}.`;
}
