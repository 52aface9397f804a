import { fieldManager, nextOfSeries, type WorkloadEvent } from '../event.ts';
import type { ObjectMeta, SourceObject, WorkloadObject } from '../pod-spec.ts';
import type { SourceKind } from '../references.ts';
import type { WorkloadKind, WorkloadName } from '../workload.ts';
import type { ApiClient, ApiRequest } from './api-client.ts';
import { ApiError, isApiError } from './api-error.ts';

/** What a pass asks of a cluster, in the words of the contract; each method is one kind of request. */
export interface Cluster {
  /**
   * Lists one kind of workload page by page, each handed over before the next is asked for, so
   * that no more than a page is in memory. A list whose page token has expired begins again.
   *
   * @param onPage called with each page; `restart` is true where an earlier page must be forgotten
   */
  listWorkloads(
    kind: WorkloadKind,
    scope: ListScope,
    onPage: (page: readonly WorkloadObject[], restart: boolean) => void,
  ): Promise<void>;
  /** Names of the namespaces that match a label selector. */
  listNamespaces(labelSelector: string, signal?: AbortSignal): Promise<string[]>;
  getWorkload(name: WorkloadName, signal?: AbortSignal): Promise<WorkloadObject>;
  /**
   * Applies a strategic merge patch as our field manager.
   *
   * @throws what `call.beforeTry` throws, too
   */
  patchWorkload(name: WorkloadName, patch: object, call?: WriteCall): Promise<void>;
  /** Reads one source as it is now, not as a cache had it. */
  getSource(
    source: { readonly kind: SourceKind; readonly namespace: string; readonly name: string },
    signal?: AbortSignal,
  ): Promise<SourceObject>;
  /** Creates an event, or continues the series of the one that said the same. */
  tell(event: WorkloadEvent, now: Date, call?: WriteCall): Promise<void>;
}

/** What a write heeds. */
export type WriteCall = Pick<ApiRequest, 'lastTry' | 'beforeTry'>;

export interface ListScope {
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  readonly ignoreNamespaces: readonly string[];
  readonly labelSelector: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface List<T> {
  readonly metadata?: { readonly continue?: string | null } | null;
  readonly items?: readonly T[] | null;
}

/** Large enough that few requests are made, small enough that a page of large objects stays some MB. */
const pageSize = 500;
/** A list that expires again and again is a cluster under such churn that the next pass will do. */
const listStarts = 3;

const resources = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
  ConfigMap: 'configmaps',
  Secret: 'secrets',
} as const;

export function cluster(api: ApiClient): Cluster {
  async function pages<T>(
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    signal: AbortSignal | undefined,
    onPage: (page: readonly T[], restart: boolean) => void,
  ): Promise<void> {
    let token: string | undefined;
    let restart = false;
    let starts = 1;
    for (;;) {
      let list: List<T> | null;
      try {
        list = await api.request<List<T> | null>({
          method: 'GET',
          path,
          query: { ...query, limit: pageSize, continue: token },
          signal,
        });
      } catch (error) {
        // The answer to an expired token carries one to go on with, but from a newer version of
        // the list: an object that was renamed between both could be seen twice or not at all.
        if (token === undefined || !isApiError(error, 410) || starts >= listStarts) throw error;
        starts += 1;
        token = undefined;
        restart = true;
        continue;
      }
      // The API server always sends items, if only null. Without them it was somebody else's answer,
      // and a cluster that seems empty would be reported as done.
      if (list?.items === undefined) {
        throw new ApiError(`the answer to GET ${path} is not the list that was asked for`, {
          canRetry: false,
        });
      }
      onPage(list.items ?? [], restart);
      restart = false;
      token = list.metadata?.continue || undefined;
      if (token === undefined) return;
    }
  }

  return {
    listWorkloads(kind, { namespace, ignoreNamespaces, labelSelector, signal }, onPage) {
      const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
      const fieldSelector = ignoreNamespaces.map((name) => `metadata.namespace!=${name}`).join(',');
      return pages(
        `/apis/apps/v1${scope}/${resources[kind]}`,
        { labelSelector, fieldSelector: fieldSelector || undefined },
        signal,
        onPage,
      );
    },

    async listNamespaces(labelSelector, signal) {
      let names: string[] = [];
      await pages<{ readonly metadata?: ObjectMeta | null }>(
        '/api/v1/namespaces',
        { labelSelector },
        signal,
        (page, restart) => {
          if (restart) names = [];
          for (const { metadata } of page) if (metadata?.name) names.push(metadata.name);
        },
      );
      return names;
    },

    getWorkload(name, signal) {
      return api.request<WorkloadObject>({ method: 'GET', path: workloadPath(name), signal });
    },

    async patchWorkload(name, patch, call) {
      await api.request<unknown>({
        method: 'PATCH',
        path: workloadPath(name),
        query: { fieldManager },
        body: patch,
        contentType: 'application/strategic-merge-patch+json',
        ...call,
      });
    },

    async getSource({ kind, namespace, name }, signal) {
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/${resources[kind]}/${encodeURIComponent(name)}`;
      const source = await api.request<SourceObject | null>({ method: 'GET', path, signal });
      // What something on the way answers in the API server's place would count as a source
      // without data, and be acted upon.
      if (source?.metadata?.name !== name || source.metadata.namespace !== namespace) {
        throw new ApiError(`the answer to GET ${path} is not the object that was asked for`, {
          canRetry: false,
        });
      }
      return source;
    },

    async tell(event, now, call) {
      const path = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(event.metadata.namespace)}/events`;
      const query = { fieldManager };
      try {
        await api.request<unknown>({ method: 'POST', path, query, body: event, ...call });
        return;
      } catch (error) {
        if (!isApiError(error, 409)) throw error;
      }
      // An empty patch changes nothing and answers with the object: so the count of the series can
      // be read without the right to get events, which `create` and `patch` do not include.
      const patch = (body: object) =>
        api.request<{ series?: { count?: number } | null }>({
          method: 'PATCH',
          path: `${path}/${encodeURIComponent(event.metadata.name)}`,
          query,
          body,
          contentType: 'application/merge-patch+json',
          ...call,
        });
      const told = await patch({});
      await patch(nextOfSeries(told.series?.count, now));
    },
  };
}

function workloadPath({ kind, namespace, name }: WorkloadName): string {
  return `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/${resources[kind]}/${encodeURIComponent(name)}`;
}
