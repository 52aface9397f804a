import { UnreachableError } from '../errors.ts';
import type { ApiClient, PatchType } from '../kubernetes/client/api-client.ts';
import { ApiError, isAbsent, isApiError } from '../kubernetes/client/api-error.ts';
import { fieldManager } from '../kubernetes/names.ts';
import { LeaseNamespaceError } from './error.ts';
import type { LeaseLock, LeaseRecord, LockCall } from './lock.ts';
import { foundRecord } from './record.ts';

/**
 * Says that a Lease is wave-cron's. An annotation of its own and not `managed-by` or another
 * common label: those belong to whoever deploys the Lease (Helm, kustomize), who would set them
 * back. Its prefix is not the setting, or another setting would make our own Lease a stranger's.
 */
export const leaseAnnotation = { key: 'wave.pusher.com/lease-of', value: 'wave-cron' } as const;

/** The word that a holder leaves for the next: where its pass was cut short. */
const cursorKey = 'wave.pusher.com/cursor';
/** What is longer is none of ours. */
const longestCursor = 512;

const leaseVersion = 'coordination.k8s.io/v1';

/** Shorter than of other requests: a lease that took longer to get would be over when it came. */
const timeoutMs = 10_000;

/** Processes that hold a Lease together. */
export interface LeaseGroup {
  /** What all of them write as the holder. */
  readonly identity: string;
  /** Which of them this process is: no other writes the same. */
  readonly member: string;
}

/** As much of a Lease as is read; anything may be missing. */
interface LeaseObject {
  readonly metadata?: {
    readonly resourceVersion?: unknown;
    readonly annotations?: Readonly<Record<string, unknown>> | null;
    readonly managedFields?: unknown;
  } | null;
  readonly spec?: unknown;
}

/**
 * The lock over a Lease of `coordination.k8s.io/v1`. Needs `get` and `patch` on that one, and
 * `create`, which RBAC cannot limit to a name, where nobody has made it. Its errors are
 * UnreachableErrors that name the Lease.
 *
 * Writes are merge patches of the fields of a record, so that what others keep on the Lease stays;
 * the resourceVersion in them makes the server refuse a patch of anything but what was read.
 *
 * @param group makes it a lock that a group holds. A record of the group is renewed on the
 * condition that it is the group's, and not that nobody of the group has renewed it meanwhile:
 * hundreds of processes would refuse each other all the time.
 */
export function kubernetesLock(
  api: ApiClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  group?: LeaseGroup,
): LeaseLock {
  const lease = `Lease ${namespace}/${name}`;
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  const path = `${collection}/${encodeURIComponent(name)}`;
  const query = { fieldManager };

  /** Errors say which Lease; the reason of a signal stays what it is. */
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
    // A patch with an empty version would be one without any precondition.
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

  /** What stands for the version of a Lease with this holder. */
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
        return { kind: 'present', ...reading, ...(isValid ? { cursor } : {}) };
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
        // The answer where a test of a JSON patch does not hold.
        if (read === groupVersion && isApiError(error, 422)) return { kind: 'conflict' };
        if (isApiError(error, 404)) return { kind: 'absent' };
        throw named('written', error);
      }
    },
  };
}

/**
 * When the server took our last write, in whole seconds. It sets this time itself with every write that
 * changes something, as each of ours does; a header of the answer may be a proxy's.
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

/** A refusal by the admission plugin NamespaceLifecycle, known by its words. */
function isOfTerminatingNamespace(error: unknown): error is ApiError {
  return isApiError(error, 403) && error.message.includes('because it is being terminated');
}

/** No resourceVersion is like it. */
const groupVersion = 'held by the group';

/** Which process of a group has renewed the Lease. */
const memberAnnotation = 'wave.pusher.com/renewed-by';

/**
 * The server applies a JSON patch to what is there when it is written, and again where somebody
 * was faster. Who took the lease for the group, and when, stays as it is.
 *
 * The member is not for people alone: a patch that changes nothing is no write, so one with the
 * time that another has written, by a clock that is late, would renew the lease for its sender and
 * for nobody who watches it.
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

function objectOf({ cursor, ...spec }: LeaseRecord, metadata: object): object {
  const left = cursor === undefined ? {} : { [cursorKey]: cursor };
  return {
    metadata: {
      ...metadata,
      annotations: { [leaseAnnotation.key]: leaseAnnotation.value, ...left },
    },
    spec,
  };
}
