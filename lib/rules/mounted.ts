import { createHash } from 'node:crypto';
import type { MountStatusObject } from '../kubernetes/objects.ts';

/**
 * The objects of one SecretProviderClass in the Pods of a workload, according to the Secrets Store CSI
 * driver. Only Pods with the current pod template count, because the others are being replaced.
 */
export type Mounted =
  | {
      /** All Pods have the same versions of the objects. */
      readonly state: 'agreed';
      /** A digest of these versions. */
      readonly objects: string;
      /** The name of a Pod that started with other versions. Undefined if there is none. */
      readonly rotatedIn: string | undefined;
      /** Whether all Pods of the workload have the current pod template. */
      readonly inAllPods: boolean;
    }
  | {
      /** These two Pods have different versions. */
      readonly state: 'different';
      readonly pods: readonly [string, string];
    }
  /** `why` is the reason why the versions are not known. */
  | { readonly state: 'unknown' | 'unreadable'; readonly why: string };

/** The objects of one class that the driver has mounted into one Pod. */
export interface MountStatus {
  /** A digest of the versions of the objects. */
  readonly objects: string;
  /** Whether the driver has changed the objects since the Pod started. */
  readonly isRotated: boolean;
}

/** The keys are those of `mountKey`. */
export type MountStatuses = ReadonlyMap<string, MountStatus>;

export function mountKey(podUid: string, className: string): string {
  return `${podUid}/${className}`;
}

/**
 * Reads the status that the driver wrote about one Pod. Undefined if nothing is mounted, or if the status
 * names no Pod.
 *
 * Each change of the mounted objects increases `metadata.generation` of the status, which is 1 at first. If
 * the generation is unknown, the objects count as changed.
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
