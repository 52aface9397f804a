import type { ApiClient } from './client/api-client.ts';
import { isAbsent } from './client/api-error.ts';
import { type PagedList, pager } from './client/pages.ts';
import { KindResources } from './kind-resources.ts';
import { revisionKind, type WorkloadKind, workloadEntry } from './kinds.ts';
import { fieldManager, type LeaseName, type WorkloadName } from './names.ts';
import type { ObjectMeta, RevisionObject } from './objects.ts';
import { listPath } from './paths.ts';

/**
 * The requests of an explanation that a pass does not need. They use the permissions of the user,
 * so each of them may be denied.
 */
export interface WorkloadInspector {
  /** The ReplicaSets or ControllerRevisions of a workload, in no order. */
  revisions(workload: OfWorkload, signal?: AbortSignal): Promise<RevisionObject[]>;
  /** The Events of wave-cron about the workload with this uid, in no order. */
  events(workload: OfWorkload, signal?: AbortSignal): Promise<EventObject[]>;
  /** Reads a Lease; undefined if the Lease does not exist. */
  lease(name: LeaseName, signal?: AbortSignal): Promise<LeaseObject | undefined>;
  matchesWorkload(
    workload: WorkloadName,
    labelSelector: string,
    signal?: AbortSignal,
  ): Promise<boolean>;
  matchesNamespace(name: string, labelSelector: string, signal?: AbortSignal): Promise<boolean>;
  workloadNames(kind: WorkloadKind, namespace: string, signal?: AbortSignal): Promise<string[]>;
}

export interface OfWorkload extends WorkloadName {
  readonly uid: string;
  /** The label selector of the workload's Pods, in the format of a list request. */
  readonly podSelector: string;
}

/** The fields of an Event (events.k8s.io/v1) that are shown. */
export interface EventObject {
  readonly metadata?: ObjectMeta | null;
  readonly eventTime?: string | null;
  readonly type?: string | null;
  readonly reason?: string | null;
  readonly note?: string | null;
  readonly reportingController?: string | null;
  readonly reportingInstance?: string | null;
  readonly regarding?: { readonly uid?: string | null } | null;
  readonly series?: {
    readonly count?: number | null;
    readonly lastObservedTime?: string | null;
  } | null;
}

/** A Lease as read. Any client may have written it, so any field may be missing. */
export interface LeaseObject {
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly acquireTime?: string | null;
    readonly renewTime?: string | null;
  } | null;
}

interface Listed {
  readonly metadata?: ObjectMeta | null;
}

/** @param resources default: its own */
export function createInspector(
  api: ApiClient,
  resources = new KindResources(api),
): WorkloadInspector {
  const pages = pager(api);

  /**
   * Collects the result of `reduce` for each object. Tenants can create thousands of them, so the
   * complete objects are not kept in memory.
   */
  async function list<T, R>(
    { path, query, part, signal }: Omit<PagedList<T>, 'onPage'>,
    reduce: (object: T) => R | undefined,
  ): Promise<R[]> {
    let found: R[] = [];
    await pages<T>({
      path,
      query,
      ...(part === undefined ? {} : { part }),
      signal,
      onPage(page, restart) {
        if (restart) found = [];
        for (const object of page) {
          const reduced = reduce(object);
          if (reduced !== undefined) found.push(reduced);
        }
      },
    });
    return found;
  }

  function names(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<string[]> {
    const request = { path, query, part: 'list of metadata', signal } as const;
    return list<Listed, string>(request, ({ metadata }) => metadata?.name ?? undefined);
  }

  return {
    revisions({ kind, namespace, uid, podSelector }, signal) {
      const path = listPath(revisionKind(kind), namespace);
      const query = { labelSelector: podSelector || undefined };
      return list<RevisionObject, RevisionObject>({ path, query, signal }, (object) =>
        object.metadata?.ownerReferences?.some((owner) => owner.uid === uid) ? object : undefined,
      );
    },

    events({ kind, namespace, name, uid }, signal) {
      const path = inNamespace('/apis/events.k8s.io/v1', namespace, 'events');
      const query = {
        fieldSelector: `regarding.kind=${workloadEntry(kind).kind},regarding.name=${name}`,
      };
      return list<EventObject, EventObject>({ path, query, signal }, (event) => {
        const { regarding, reportingController } = event;
        const isOurs = regarding?.uid === uid && reportingController === fieldManager;
        return isOurs ? event : undefined;
      });
    },

    async lease({ namespace, name }, signal) {
      const path = `${inNamespace('/apis/coordination.k8s.io/v1', namespace, 'leases')}/${encodeURIComponent(name)}`;
      try {
        return await api.request<LeaseObject>({ method: 'GET', path, signal });
      } catch (error) {
        if (isAbsent(error, name)) return undefined;
        throw error;
      }
    },

    async matchesWorkload({ kind, namespace, name }, labelSelector, signal) {
      const path = listPath(await resources.of(kind, signal), namespace);
      const query = { labelSelector, fieldSelector: `metadata.name=${name}` };
      return (await names(path, query, signal)).length > 0;
    },

    async matchesNamespace(name, labelSelector, signal) {
      const query = { labelSelector, fieldSelector: `metadata.name=${name}` };
      return (await names('/api/v1/namespaces', query, signal)).length > 0;
    },

    async workloadNames(kind, namespace, signal) {
      return names(listPath(await resources.of(kind, signal), namespace), {}, signal);
    },
  };
}

function inNamespace(root: string, namespace: string, resource: string): string {
  return `${root}/namespaces/${encodeURIComponent(namespace)}/${resource}`;
}
