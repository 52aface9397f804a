import { fieldManager } from '../event.ts';
import type { ObjectMeta } from '../pod-spec.ts';
import type { RevisionObject } from '../revisions.ts';
import type { LeaseName } from '../rights.ts';
import type { WorkloadKind, WorkloadName } from '../workload.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, isAbsent } from './api-error.ts';

/**
 * What an explanation asks of a cluster beyond what a pass does. It is asked with the rights of a
 * person, so any of it may be refused.
 */
export interface Inquiry {
  /** The ReplicaSets of a Deployment, the ControllerRevisions of others, in no order. */
  revisions(workload: OfWorkload, signal?: AbortSignal): Promise<RevisionObject[]>;
  /** The events of wave-cron about the workload of this uid, in no order. */
  events(workload: OfWorkload, signal?: AbortSignal): Promise<EventObject[]>;
  /** Undefined where there is none. */
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
  /** Of its Pods, as a list takes it. */
  readonly podSelector: string;
}

/** As much of an event of events.k8s.io/v1 as is shown. */
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

/** Anybody may have written it, so nothing is certain to be there. */
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

const resources = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
} as const;

export function inquiry(api: ApiClient): Inquiry {
  async function list<T>(
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    part: 'all' | 'list of metadata',
    signal: AbortSignal | undefined,
  ): Promise<readonly T[]> {
    const found = await api.request<{ readonly items?: readonly T[] | null } | null>({
      method: 'GET',
      path,
      query,
      part,
      signal,
    });
    // As in a pass: without items it was somebody else's answer.
    if (found?.items === undefined) {
      throw new ApiError(`the answer to GET ${path} is not the list that was asked for`, {
        canRetry: false,
      });
    }
    return found.items ?? [];
  }

  return {
    async revisions({ kind, namespace, uid, podSelector }, signal) {
      const resource = kind === 'Deployment' ? 'replicasets' : 'controllerrevisions';
      const found = await list<RevisionObject>(
        inNamespace('/apis/apps/v1', namespace, resource),
        { labelSelector: podSelector || undefined },
        'all',
        signal,
      );
      return found.filter(({ metadata }) =>
        metadata?.ownerReferences?.some((owner) => owner.uid === uid),
      );
    },

    async events({ kind, namespace, name, uid }, signal) {
      const found = await list<EventObject>(
        inNamespace('/apis/events.k8s.io/v1', namespace, 'events'),
        { fieldSelector: `regarding.kind=${kind},regarding.name=${name}` },
        'all',
        signal,
      );
      return found.filter(
        ({ regarding, reportingController }) =>
          regarding?.uid === uid && reportingController === fieldManager,
      );
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
      const found = await list<Listed>(
        inNamespace('/apis/apps/v1', namespace, resources[kind]),
        { labelSelector, fieldSelector: `metadata.name=${name}` },
        'list of metadata',
        signal,
      );
      return found.length > 0;
    },

    async matchesNamespace(name, labelSelector, signal) {
      const found = await list<Listed>(
        '/api/v1/namespaces',
        { labelSelector, fieldSelector: `metadata.name=${name}` },
        'list of metadata',
        signal,
      );
      return found.length > 0;
    },

    async workloadNames(kind, namespace, signal) {
      const path = inNamespace('/apis/apps/v1', namespace, resources[kind]);
      const found = await list<Listed>(path, {}, 'list of metadata', signal);
      return found.flatMap(({ metadata }) => metadata?.name ?? []);
    },
  };
}

function inNamespace(root: string, namespace: string, resource: string): string {
  return `${root}/namespaces/${encodeURIComponent(namespace)}/${resource}`;
}
