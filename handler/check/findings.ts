import pLimit, { type LimitFunction } from 'p-limit';
import { describeError, type WaveCronError } from '../../lib/errors.ts';
import type { ApiClient } from '../../lib/kubernetes/client/api-client.ts';
import { isApiError } from '../../lib/kubernetes/client/api-error.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { Connection } from '../../lib/kubernetes/credentials/connection.ts';
import type { KindFinding } from '../../lib/kubernetes/kind-resources.ts';
import { configMap, secret, type WorkloadKind, workloadEntry } from '../../lib/kubernetes/kinds.ts';
import type { LeaseName } from '../../lib/kubernetes/names.ts';
import {
  type OwnerReferenceTrial,
  tryOwnerReference,
} from '../../lib/kubernetes/owner-reference-trial.ts';
import { namespaceExists, ownUserName, serverVersion } from '../../lib/kubernetes/server-info.ts';
import { foreignLease } from '../../lib/lease/acquire.ts';
import type { LeaseLock, LockReading } from '../../lib/lease/lock.ts';
import { inSeconds } from '../../lib/lease/seconds.ts';
import { leaseClaims } from '../../lib/lease/timing.ts';
import {
  type PermissionFinding,
  type Review,
  reviewAccess,
} from '../../lib/permissions/access-review.ts';
import {
  accessedResource,
  inAnyNamespace,
  type Permission,
  type ResourceAccess,
  type ResourceOf,
} from '../../lib/permissions/permission.ts';
import { neededPermissions, permissionsWhereEnforced } from '../../lib/permissions/permissions.ts';
import { createsHashKey } from '../../lib/permissions/source-permissions.ts';
import { lastingOwner } from '../../lib/rules/ownership/owner-references.ts';
import type { LoadedSettings } from '../../lib/settings/load.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { quote } from '../../lib/text/quote.ts';
import { type HashKeyFinding, lookAtHashKey } from './hash-key.ts';
import { type HeldWorkloads, lookForHeld } from './held.ts';
import { type LeftOfOwnership, lookForLeft } from './ownership.ts';
import { rolloutSentences } from './rollouts.ts';

/** The dependencies of a check, and the name of the Lease that its passes take. */
export interface CheckedCluster {
  readonly connection: Connection;
  readonly api: ApiClient;
  readonly cluster: Cluster;
  readonly leaseName: LeaseName;
  readonly wholeLease: { readonly lock: LeaseLock };
}

/** The results of the requests to the API server. */
export interface Findings {
  /** Undefined if the cluster cannot be used; nothing else was requested then. */
  readonly cluster: ClusterFindings | undefined;
  readonly server: string;
  readonly origin: string;
  /** Whether the certificate of the server is verified. */
  readonly isVerified: boolean;
  readonly serverVersion: Found<string>;
}

export interface ClusterFindings {
  readonly user: Found<string>;
  readonly namespaces: readonly NamespaceFinding[];
  readonly lease: LeaseFinding;
  readonly hashKey: HashKeyFinding;
  /** Whether the cluster serves the kinds of the settings. */
  readonly kinds: ReadonlyMap<WorkloadKind, KindFinding>;
  readonly permissions: readonly PermissionFinding[];
  /** Granted accesses to Secrets that wave-cron never uses. */
  readonly excess: readonly ResourceAccess[];
  readonly held: HeldWorkloads;
  /** About the settings of rollouts, as sentences. */
  readonly rollouts: readonly string[];
  /**
   * Records and permissions that exist although `ownership: off` does not need them; undefined if
   * there are none.
   */
  readonly leftOfOwnership: LeftOfOwnership | undefined;
  /** Undefined with `ownership: off`, or if ownership cannot work for another reason. */
  readonly ownerReferences: OwnerReferenceTrial | undefined;
}

export type Found<T> = { readonly value: T } | { readonly why: string };

export interface NamespaceFinding {
  readonly name: string;
  /** The names of the settings that contain the namespace. */
  readonly settings: readonly string[];
  readonly state: 'exists' | 'absent' | 'unknown';
  readonly why?: string;
}

export interface LeaseFinding extends LeaseName {
  /** `overclaimed`: the record claims a longer duration than a pass waits. */
  readonly state: 'absent' | 'free' | 'held' | 'overclaimed' | 'foreign' | 'unknown';
  readonly sentence: string;
}

/**
 * Queries the cluster without changing it. Writes are dry runs. If one request fails, the other
 * requests continue.
 */
export async function findings(
  loaded: LoadedSettings,
  { connection, api, cluster, leaseName, wholeLease }: CheckedCluster,
  /** Called with the number of permissions before they are reviewed. */
  beforePermissions: (permissions: number) => void,
  /** The current time, in milliseconds since 1970. */
  now: number,
  signal: AbortSignal,
): Promise<Findings> {
  const { settings } = loaded;
  const { server, origin, isVerified } = connection;
  const version = await serverVersion(api, signal);
  const about = { server, origin, isVerified, serverVersion: found(version) };
  if ('why' in version && isUnreachable(version.why)) return { ...about, cluster: undefined };

  const limit = pLimit(settings.concurrency.reads);
  const [user, namespaces, lease, hashKey] = await Promise.all([
    limit(() => ownUserName(api, signal)),
    lookForNamespaces(api, namesIn(settings, leaseName), limit, signal),
    lookAtLease(wholeLease.lock, leaseName, leaseClaims(settings).maxHonoredSeconds, signal),
    lookAtHashKey(settings, leaseName, cluster, signal),
  ]);
  const kinds = await cluster.findKinds(settings.kinds, signal);
  const served = settings.kinds.filter((kind) => kinds.get(kind)?.state !== 'notServed');
  const resourceOf: ResourceOf = (kind) => {
    const finding = kinds.get(kind);
    return finding?.state === 'served' ? finding.resource : workloadEntry(kind);
  };
  const permissions = neededPermissions(
    { ...settings, kinds: served },
    leaseName,
    resourceOf,
  ).filter((permission) => hashKey.state === 'absent' || !createsHashKey(permission));
  beforePermissions(permissions.length);
  const [reviewed, excess] = await Promise.all([
    reviewPermissions(api, permissions, limit, signal),
    reviewExcess(api, permissions, limit, signal),
  ]);
  const ownerReferences = await tryOwnership(api, settings, reviewed, leaseName, signal);
  const enforced =
    ownerReferences?.state === 'needsDelete' ? permissionsWhereEnforced(settings) : [];
  const all = [
    // Without the admission policies, the permission to create the hash key is denied on purpose. A note says
    // what to do then.
    ...reviewed.filter(
      (permission) => !(createsHashKey(permission) && permission.state === 'missing'),
    ),
    ...(await reviewPermissions(api, enforced, limit, signal)),
  ];
  const scope = { settings, cluster, permissions: reviewed, signal };
  const held = await lookForHeld(scope, now);
  const leftOfOwnership = await lookForLeft(api, scope);
  return {
    ...about,
    cluster: {
      user: found(user),
      namespaces,
      lease,
      hashKey,
      kinds,
      permissions: all,
      excess,
      held,
      rollouts: rolloutSentences(loaded, now),
      leftOfOwnership,
      ownerReferences,
    },
  };
}

/** Tries to set an owner reference in a namespace in which a pass may patch sources. */
async function tryOwnership(
  api: ApiClient,
  { ownership }: Settings,
  permissions: readonly PermissionFinding[],
  lease: LeaseName,
  signal: AbortSignal,
): Promise<OwnerReferenceTrial | undefined> {
  const patching = permissions.find(
    ({ resource, verb, state }) =>
      resource === configMap.plural && verb === 'patch' && state === 'granted',
  );
  if (ownership === 'off' || patching === undefined) return undefined;
  return await tryOwnerReference(api, patching.namespace ?? lease.namespace, signal);
}

/**
 * No response, or a 401. A server may deny access to its version, so other statuses do not count.
 */
function isUnreachable(error: WaveCronError): boolean {
  return !isApiError(error) || error.status === undefined || error.status === 401;
}

function found<T>(answer: { readonly value: T } | { readonly why: Error }): Found<T> {
  return 'value' in answer ? answer : { why: answer.why.message };
}

/** The namespaces in the settings, with the settings that contain them. */
function namesIn(
  { namespaces, crossNamespaceReferences, ownership }: Settings,
  lease: LeaseName,
): Map<string, string[]> {
  const named = new Map<string, string[]>();
  const add = (setting: string, names: readonly string[]): void => {
    for (const name of names) named.set(name, [...(named.get(name) ?? []), setting]);
  };
  add('namespaces', namespaces);
  add(
    'crossNamespaceReferences',
    crossNamespaceReferences.filter((name) => name !== '*'),
  );
  add('lease.namespace', [lease.namespace]);
  // The namespace that keeps sources alive as their owner. Without it, ownership must be off.
  if (ownership !== 'off') add('ownership', [lastingOwner]);
  return named;
}

async function lookForNamespaces(
  api: ApiClient,
  named: ReadonlyMap<string, readonly string[]>,
  limit: LimitFunction,
  signal: AbortSignal,
): Promise<NamespaceFinding[]> {
  const look = async ([name, settings]: [string, readonly string[]]): Promise<NamespaceFinding> => {
    const answer = await limit(() => namespaceExists(api, name, signal));
    return 'why' in answer
      ? { name, settings, state: 'unknown', why: answer.why.message }
      : { name, settings, state: answer.value ? 'exists' : 'absent' };
  };
  return Promise.all([...named].map(look));
}

async function lookAtLease(
  lock: LeaseLock,
  name: LeaseName,
  maxHonoredSeconds: number,
  signal: AbortSignal,
): Promise<LeaseFinding> {
  let reading: LockReading;
  try {
    reading = await lock.get({ signal, retry: true });
  } catch (error) {
    signal.throwIfAborted();
    return { ...name, state: 'unknown', sentence: describeError(error) };
  }
  if (reading.kind === 'absent')
    return { ...name, state: 'absent', sentence: 'does not exist yet: the first pass creates it' };
  const foreign = foreignLease(lock, reading);
  if (foreign !== undefined) return { ...name, state: 'foreign', sentence: foreign.message };
  const { holderIdentity, heldForMs, leaseDurationSeconds = 0 } = reading.record;
  if (holderIdentity === '') return { ...name, state: 'free', sentence: 'exists and is free' };
  const since =
    heldForMs === undefined ? '' : ` (for ${inSeconds(heldForMs)} according to the holder)`;
  if (leaseDurationSeconds > maxHonoredSeconds) {
    return {
      ...name,
      state: 'overclaimed',
      sentence: `held by ${quote(holderIdentity)}${since} with a duration of ${leaseDurationSeconds} s, while a pass waits at most ${maxHonoredSeconds} s (half of passTimeoutSeconds) before it takes over: if no installation that shares this Lease has such a long lease.durationSeconds, delete the Lease: kubectl -n ${name.namespace} delete lease ${name.name}`,
    };
  }
  return {
    ...name,
    state: 'held',
    sentence: `held by ${quote(holderIdentity)}${since}: a pass is running, or ended before it could release the Lease`,
  };
}

/**
 * A permission for many namespaces is first reviewed for all of them, because with a ClusterRole
 * one review suffices.
 */
async function reviewPermissions(
  api: ApiClient,
  permissions: readonly Permission[],
  limit: LimitFunction,
  signal: AbortSignal,
): Promise<PermissionFinding[]> {
  const ask = (access: ResourceAccess): Promise<Review> =>
    limit(() => reviewAccess(api, access, signal));
  const groups = [...Map.groupBy(permissions, inAnyNamespace).values()];
  const reviewed = groups.map(async (group): Promise<PermissionFinding[]> => {
    const [first] = group;
    if (first !== undefined && group.length > 1) {
      const { namespace: _, ...inAll } = first;
      const review = await ask(inAll);
      if (review.state === 'granted')
        return group.map((permission) => ({ ...permission, ...review }));
    }
    return Promise.all(
      group.map(async (permission) => ({ ...permission, ...(await ask(permission)) })),
    );
  });
  return (await Promise.all(reviewed)).flat();
}

/**
 * By default, wave-cron reads Secrets only by name, so that a stolen token cannot list other
 * Secrets.
 *
 * @param needed the permissions that the settings need
 */
async function reviewExcess(
  api: ApiClient,
  needed: readonly Permission[],
  limit: LimitFunction,
  signal: AbortSignal,
): Promise<ResourceAccess[]> {
  const accesses = (['list', 'watch'] as const)
    .map((verb) => ({ ...accessedResource(secret), verb }))
    .filter((each) => !needed.some((other) => inAnyNamespace(other) === inAnyNamespace(each)));
  const reviews = await Promise.all(
    accesses.map((access) => limit(() => reviewAccess(api, access, signal))),
  );
  return accesses.filter((_, i) => reviews[i]?.state === 'granted');
}
