import type { ApiClient } from '../../lib/kubernetes/client/api-client.ts';
import {
  type SourceKind,
  sourceEntry,
  sourceKinds,
  sourceResources,
} from '../../lib/kubernetes/kinds.ts';
import { reviewAccess } from '../../lib/permissions/access-review.ts';
import { accessedResource } from '../../lib/permissions/permission.ts';
import { type CheckedScope, listGranted } from './granted-list.ts';

/**
 * The records and permissions that remain from an earlier setting although `ownership` is `off`
 * now.
 */
export interface LeftOfOwnership {
  /**
   * How many workloads in scope have a record or the finalizer; undefined if the workloads could
   * not be listed.
   */
  readonly workloads: number | undefined;
  /** Whether the account may patch ConfigMaps or Secrets. Only ownership needs this permission. */
  readonly mayPatch: boolean;
}

/**
 * Undefined unless ownership is off and a workload or a permission is left from an earlier setting.
 */
export async function lookForLeft(
  api: ApiClient,
  scope: CheckedScope,
): Promise<LeftOfOwnership | undefined> {
  const { settings, signal } = scope;
  if (settings.ownership !== 'off') return undefined;
  const [namespace] = settings.namespaces;
  const mayPatch = async (kind: SourceKind): Promise<boolean> => {
    const where = namespace === undefined ? {} : { namespace };
    const access = { ...accessedResource(sourceEntry(kind)), verb: 'patch', ...where } as const;
    return (await reviewAccess(api, access, signal)).state === 'granted';
  };
  const granted = await Promise.all(sourceKinds.map(mayPatch));
  const workloads = await countCarriers(scope);
  const isLeft = granted.includes(true) || (workloads ?? 0) > 0;
  return isLeft ? { workloads, mayPatch: granted.includes(true) } : undefined;
}

async function countCarriers(scope: CheckedScope): Promise<number | undefined> {
  const found = await listGranted(
    scope,
    'all kinds',
    ({ ownership: { finalizer, record } }) => finalizer || record !== undefined,
  );
  return found === undefined || found.problems.length > 0 ? undefined : found.workloads.length;
}

/** A note that says when and how to remove the permissions. */
export function leftOfOwnershipNote({ workloads, mayPatch }: LeftOfOwnership): string {
  const permissions = `patch on ${sourceResources}`;
  if (workloads === undefined) {
    return `ownership is off, and this account has ${permissions}: remove it once no workload has the annotation owned-sources or the finalizer`;
  }
  if (workloads === 0) {
    return `ownership is off and no workload in scope has its annotation or finalizer: ${permissions}, and get on the namespace kube-system, can be removed from this account (manifests/components/ownership; in the chart rbac.ownership)`;
  }
  const left = `ownership is off, and ${workloads === 1 ? '1 workload still has' : `${workloads} workloads still have`} what an earlier setting wrote`;
  return mayPatch
    ? `${left}: the next passes remove it; keep on this account ${permissions} until then`
    : `${left}, which passes cannot remove without ${permissions}: grant it until this note disappears, or run wave-cron release`;
}
