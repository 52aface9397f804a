import { UnreachableError } from '../errors.ts';
import type { ApiClient, PatchType } from '../kubernetes/client/api-client.ts';
import { ApiError, isAbsent, isApiError } from '../kubernetes/client/api-error.ts';
import { fieldManager } from '../kubernetes/names.ts';
import { LeaseNamespaceError } from './error.ts';
import type { LeaseLock, LeaseRecord, LockCall } from './lock.ts';
import { foundRecord } from './record.ts';

/**
 * The annotation that identifies a Lease of wave-cron. A common label such as `managed-by` is not
 * suitable, because the tools that deploy the Lease (Helm, kustomize) would reset it. The prefix of
 * the annotation is fixed: with the prefix in the settings, our own Lease would look foreign after
 * a change of the setting.
 */
export const leaseAnnotation = { key: 'wave.pusher.com/lease-of', value: 'wave-cron' } as const;

/** The cursor for the next holder: the workload at which a pass was interrupted. */
const cursorKey = 'wave.pusher.com/cursor';
/** wave-cron never writes a longer cursor. */
const longestCursor = 512;

/** The annotation `/yield`: see `yieldsOnRequest`. */
export const yieldKey = 'wave.pusher.com/yield';
/** The admission policies do not allow a longer value of an annotation. */
const longestYield = 512;

const leaseVersion = 'coordination.k8s.io/v1';

/**
 * The time-out of a request. It is shorter than the time-out of other requests: if a request takes
 * longer, the lease has already expired when the response arrives.
 */
const timeoutMs = 10_000;

/** The processes that hold a Lease together. */
export interface LeaseGroup {
  /** The holder identity that all members write. */
  readonly identity: string;
  /** Identifies this process within the group. */
  readonly member: string;
}

/** The path of the Leases of a namespace. */
export function leasesPath(namespace: string): string {
  return `/apis/${leaseVersion}/namespaces/${encodeURIComponent(namespace)}/leases`;
}

/** The fields of a Lease that are read. Any of them may be missing. */
interface LeaseObject {
  readonly metadata?: {
    readonly resourceVersion?: unknown;
    readonly annotations?: Readonly<Record<string, unknown>> | null;
    readonly managedFields?: unknown;
  } | null;
  readonly spec?: unknown;
}

/**
 * A lock on a Lease of `coordination.k8s.io/v1`. It needs `get` and `patch` on that Lease, and
 * `create` if the Lease does not exist; RBAC cannot limit `create` to a name. The errors of the
 * lock are UnreachableErrors that name the Lease.
 *
 * Writes are merge patches of the fields of a record, so fields that other clients add to the Lease
 * stay. The patch contains the resourceVersion of the Lease that was read. So if the Lease has
 * changed since then, the server rejects the patch.
 *
 * @param group creates a lock that a group shares. A renewal requires only that the record belongs
 * to the group. Another member may have renewed it since it was read: otherwise, with hundreds of
 * members, the renewals would conflict all the time.
 */
export function kubernetesLock(
  api: ApiClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  group?: LeaseGroup,
): LeaseLock {
  const lease = `Lease ${namespace}/${name}`;
  const collection = leasesPath(namespace);
  const path = `${collection}/${encodeURIComponent(name)}`;
  const query = { fieldManager };

  /** Adds the name of the Lease to an error. The reason of a signal is passed on unchanged. */
  function named(what: string, error: unknown): unknown {
    if (!(error instanceof ApiError)) return error;
    const { canRetry, message } = error;
    return new UnreachableError(`${lease} cannot be ${what}: ${message}`, {
      canRetry,
      cause: error,
    });
  }

  async function send(
    method: 'GET' | 'POST' | 'PATCH',
    call: LockCall,
    body?: object,
    contentType: PatchType = 'application/merge-patch+json',
  ): Promise<LeaseObject & { readonly version: string }> {
    const object = await api.request<LeaseObject | null>({
      method,
      path: method === 'POST' ? collection : path,
      ...(body === undefined ? {} : { query, body }),
      ...(method === 'PATCH' ? { contentType } : {}),
      signal: call.signal,
      stopRetrying: call.stopRetrying,
      ...(call.retry ? {} : { tries: 1 }),
      timeoutMs,
    });
    const version = object?.metadata?.resourceVersion;
    // If the version is empty, a patch with it would always succeed.
    if (typeof version !== 'string' || version === '') {
      throw new ApiError(
        `the response to ${method} ${path} is not a Lease: it has no resourceVersion`,
        {
          canRetry: true,
        },
      );
    }
    return { ...object, version };
  }

  /** The version that represents a Lease with this holder. */
  function versionOf(holder: string, resourceVersion: string): string {
    return holder === group?.identity ? groupVersion : resourceVersion;
  }

  async function write(
    record: LeaseRecord,
    version: string,
    call: LockCall,
  ): Promise<LeaseObject & { readonly version: string }> {
    if (version === groupVersion && group !== undefined) {
      return await send('PATCH', call, renewal(record, group), 'application/json-patch+json');
    }
    return await send('PATCH', call, objectOf(record, { resourceVersion: version }));
  }

  function done(record: LeaseRecord, { metadata, version }: Awaited<ReturnType<typeof write>>) {
    const writtenAt = timeOfOurs(metadata?.managedFields);
    return {
      kind: 'done',
      version: versionOf(record.holderIdentity, version),
      ...(writtenAt === undefined ? {} : { writtenAt }),
    } as const;
  }

  return {
    describe: () => lease,

    async get(call) {
      try {
        const { metadata, spec, version } = await send('GET', call);
        const annotated = metadata?.annotations?.[leaseAnnotation.key] === leaseAnnotation.value;
        const record = foundRecord(spec);
        const { holderIdentity } = record;
        const reading = { version: versionOf(holderIdentity, version), annotated, record };
        const cursor = metadata?.annotations?.[cursorKey];
        const isValid = typeof cursor === 'string' && cursor.length <= longestCursor;
        const yields = metadata?.annotations?.[yieldKey];
        const writtenAt = timeOfOurs(metadata?.managedFields);
        return {
          ...{ kind: 'present', ...reading, ...(isValid ? { cursor } : {}) },
          ...(typeof yields === 'string' ? { yield: yields } : {}),
          ...(writtenAt === undefined ? {} : { writtenAt }),
        };
      } catch (error) {
        if (isApiError(error, 404)) return { kind: 'absent' };
        throw named('read', error);
      }
    },

    async create(record, call) {
      try {
        const written = await send('POST', call, {
          apiVersion: leaseVersion,
          kind: 'Lease',
          ...objectOf(record, { namespace, name }),
        });
        return done(record, written);
      } catch (error) {
        if (isApiError(error, 409)) return { kind: 'conflict' };
        if (isAbsent(error, namespace) || isOfTerminatingNamespace(error)) {
          const message = `${lease} cannot be created: ${error.message}`;
          throw new LeaseNamespaceError(message, { cause: error });
        }
        throw named('created', error);
      }
    },

    async update(record, read, call) {
      try {
        return done(record, await write(record, read, call));
      } catch (error) {
        if (isApiError(error, 409)) return { kind: 'conflict' };
        // The response if a `test` operation of a JSON patch fails.
        if (read === groupVersion && isApiError(error, 422)) return { kind: 'conflict' };
        if (isApiError(error, 404)) return { kind: 'absent' };
        throw named('written', error);
      }
    },

    async requestYield(identity, call) {
      const value = identity.slice(0, longestYield / 2);
      try {
        await send('PATCH', call, { metadata: { annotations: { [yieldKey]: value } } });
      } catch (error) {
        throw named('requested', error);
      }
    },
  };
}

/**
 * The time of the last write by any process of wave-cron, in whole seconds by the clock of the
 * server. The server sets this time with each write that changes something, and each of our writes
 * changes something. The time in a response header is not used, because it could come from a proxy.
 */
function timeOfOurs(managedFields: unknown): number | undefined {
  const entries: readonly unknown[] = Array.isArray(managedFields) ? managedFields : [];
  const ours = entries
    .map((entry) => (entry ?? {}) as Readonly<Record<string, unknown>>)
    .find(
      ({ manager, operation, apiVersion, subresource }) =>
        manager === fieldManager &&
        operation === 'Update' &&
        apiVersion === leaseVersion &&
        (subresource ?? '') === '',
    );
  const time = typeof ours?.['time'] === 'string' ? Date.parse(ours['time']) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** A denial by the admission plugin NamespaceLifecycle, recognized by its message. */
function isOfTerminatingNamespace(error: unknown): error is ApiError {
  return isApiError(error, 403) && error.message.includes('because it is being terminated');
}

/** Differs from every resourceVersion. */
const groupVersion = 'held by the group';

/** The member of the group that renewed the Lease last. */
const memberAnnotation = 'wave.pusher.com/renewed-by';

/**
 * The server applies a JSON patch to the current object. If another write comes first, the server
 * applies the patch again. The acquire time of the group stays unchanged.
 *
 * The patch must contain the member, because a patch that changes nothing is not a write. Without
 * the member, if another member with a faster clock had already written the same time, the renewal
 * would have no effect that contenders could observe.
 */
function renewal({ renewTime }: LeaseRecord, { identity, member }: LeaseGroup): object[] {
  return [
    { op: 'test', path: '/spec/holderIdentity', value: identity },
    { op: 'add', path: '/spec/renewTime', value: renewTime },
    {
      op: 'add',
      path: `/metadata/annotations/${memberAnnotation.replace('/', '~1')}`,
      value: member,
    },
  ];
}

function objectOf({ cursor, yield: yields, ...spec }: LeaseRecord, metadata: object): object {
  const left = {
    ...(cursor === undefined ? {} : { [cursorKey]: cursor }),
    ...(yields === undefined ? {} : { [yieldKey]: yields }),
  };
  return {
    metadata: {
      ...metadata,
      annotations: { [leaseAnnotation.key]: leaseAnnotation.value, ...left },
    },
    spec,
  };
}
