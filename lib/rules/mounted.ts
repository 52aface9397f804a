import { createHash } from 'node:crypto';
import type { MountStatusObject } from '../kubernetes/objects.ts';

/**
 * What the Pods of a workload have mounted of one SecretProviderClass, according to the Secrets
 * Store CSI driver. Only Pods with the newest pod template count: others are being replaced.
 */
export type Mounted =
  | {
      /** All Pods have the same versions of the objects. */
      readonly state: 'agreed';
      /** A digest of these versions. */
      readonly objects: string;
      /** Undefined if each Pod has had these versions since its start; otherwise a Pod that has not. */
      readonly rotatedIn: string | undefined;
      /** Whether there are no Pods with another pod template. */
      readonly inAllPods: boolean;
    }
  | {
      /** These two Pods have different versions. */
      readonly state: 'different';
      readonly pods: readonly [string, string];
    }
  /** Why the versions are not known yet. */
  | { readonly state: 'unknown' | 'unreadable'; readonly why: string };

/** What the driver has mounted into one Pod from one class. */
export interface MountStatus {
  /** A digest of the versions of the objects. */
  readonly objects: string;
  /** Whether the driver has changed the objects since the Pod started. */
  readonly isRotated: boolean;
}

/** By `mountKey`. */
export type MountStatuses = ReadonlyMap<string, MountStatus>;

export function mountKey(podUid: string, className: string): string {
  return `${podUid}/${className}`;
}

/**
 * Reads what the driver wrote about one Pod; undefined if nothing is mounted, or no Pod is named.
 *
 * Each change of the objects increases `metadata.generation`, which is 1 for a new object. If the
 * generation is unknown, the objects count as changed.
 */
export function readMountStatus({
  metadata,
  status,
}: MountStatusObject): { readonly key: string; readonly status: MountStatus } | undefined {
  const owner = metadata?.ownerReferences?.find(({ kind }) => kind === 'Pod');
  const className = status?.secretProviderClassName;
  if (!owner?.uid || !className || status?.mounted !== true) return undefined;
  const versions = (status.objects ?? []).map(({ id, version }) => [id ?? '', version ?? '']);
  const text = JSON.stringify(versions.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));
  const objects = createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 32);
  const isRotated = metadata?.generation !== 1;
  return { key: mountKey(owner.uid, className), status: { objects, isRotated } };
}
