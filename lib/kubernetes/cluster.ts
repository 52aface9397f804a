import type { ApiClient, ApiRequest } from './client/api-client.ts';
import { ApiError, isAbsent, isApiError } from './client/api-error.ts';
import { parseListMentioning } from './client/list-text.ts';
import { type OnPage, pager } from './client/pages.ts';
import { nextOfSeries, seriesOf } from './event-series.ts';
import {
  apiVersionOf,
  type SourceKind,
  secret,
  sourceEntry,
  type WorkloadKind,
  workloadEntry,
} from './kinds.ts';
import { type EventName, fieldManager, type SourceName, type WorkloadName } from './names.ts';
import type {
  ObjectMeta,
  PodObject,
  RevisionObject,
  SourceObject,
  WorkloadObject,
} from './objects.ts';
import { listPath, objectPath } from './paths.ts';

/** What a pass asks of a cluster, in the words of the contract; each method is one kind of request. */
export interface Cluster {
  /**
   * Lists one kind of workload page by page, as `pager` reads it.
   *
   * @param onTooLarge called with the metadata of a workload that is too large to be read; absent: such
   * a workload ends the list
   * @param onMetadata called with the metadata of the workloads of a page that is too large, in its place
   */
  listWorkloads(
    kind: WorkloadKind,
    scope: ListScope,
    onPage: OnPage<WorkloadObject>,
    onTooLarge?: (metadata: ObjectMeta) => void,
    onMetadata?: OnPage<ObjectMeta>,
  ): Promise<void>;
  /** How many workloads of one kind there are in all namespaces; undefined where the server does not say. */
  countWorkloads(kind: WorkloadKind, signal?: AbortSignal): Promise<number | undefined>;
  /** Names of the namespaces that match a label selector. */
  listNamespaces(labelSelector: string, signal?: AbortSignal): Promise<string[]>;
  getWorkload(name: WorkloadName, signal?: AbortSignal): Promise<WorkloadObject>;
  /**
   * Applies a patch, of the media type that its kind has, as our field manager.
   *
   * @throws what `call.assertMayWrite` throws, too
   */
  patchWorkload(name: WorkloadName, patch: object, call?: WriteCall): Promise<void>;
  /**
   * Reads one source as it is now, not as a cache had it.
   *
   * @param admits bounds the answer, as in ApiRequest
   * @throws AnswerTooLargeError where there is more of it than is admitted
   */
  getSource(
    source: SourceName,
    signal?: AbortSignal,
    admits?: (bytes: number) => boolean,
  ): Promise<SourceObject>;
  /**
   * Makes a Secret of type Opaque with just these data, and nothing of its metadata but the name.
   *
   * @param data each value in base64
   * @throws ApiError of status 409 and reason AlreadyExists where there is one of this name
   */
  createSecret(
    source: SourceName,
    data: Readonly<Record<string, string>>,
    call?: WriteCall,
  ): Promise<void>;
  /** Lists the Pods that match a label selector, of one namespace, page by page, as `listWorkloads`. */
  listPods(
    namespace: string,
    labelSelector: string,
    signal: AbortSignal | undefined,
    onPage: OnPage<PodObject>,
  ): Promise<void>;
  /**
   * Lists the revisions of a kind of workloads (ReplicaSets or ControllerRevisions) that match a label selector, of one
   * namespace, page by page, as `listWorkloads`.
   */
  listRevisions(
    of: RevisionScope,
    signal: AbortSignal | undefined,
    onPage: OnPage<RevisionObject>,
  ): Promise<void>;
  /** Reads the metadata of a source alone: its values do not leave the API server. */
  getSourceMetadata(source: SourceName, signal?: AbortSignal): Promise<ObjectMeta>;
  /**
   * Lists the metadata of all sources of one kind, page by page, as `listWorkloads`.
   *
   * @param namespace undefined: all namespaces
   */
  listSourceMetadata(
    kind: SourceKind,
    namespace: string | undefined,
    signal: AbortSignal | undefined,
    onPage: OnPage<ObjectMeta>,
  ): Promise<void>;
  /** Applies a strategic merge patch, of owner references alone, as our field manager. */
  patchSource(source: SourceName, patch: object, call?: WriteCall): Promise<void>;
  getNamespace(name: string, signal?: AbortSignal): Promise<ObjectMeta>;
  /** Creates an event, or continues the series of the one that said the same. */
  recordEvent(event: NewEvent, now: Date, call?: WriteCall): Promise<void>;
  /**
   * How often an event was recorded, and when last; 0 times if it is not there, or not any more. It is
   * asked by a patch that changes nothing, which needs the permission to patch events and no other.
   */
  eventCount(event: EventName, call?: WriteCall | DryRun): Promise<EventCount>;
  /** The same, asked by reading the event. */
  readEventCount(event: EventName, signal?: AbortSignal): Promise<EventCount>;
  /** Says of an event that is there how often it was told, which also makes it last anew. */
  refreshEvent(event: EventName, times: number, now: Date, call?: WriteCall): Promise<void>;
}

/** How often an event was recorded. */
export interface EventCount {
  readonly times: number;
  /** RFC 3339, whole seconds, UTC, by the API server's clock; undefined if it does not say. */
  readonly at: string | undefined;
}

/** An event of events.k8s.io/v1, as much of it as it is known by. */
export interface NewEvent {
  readonly metadata: EventName;
  readonly eventTime: string;
  readonly reportingInstance: string;
}

/** As much of an event as is read again. */
export interface RecordedEvent {
  readonly metadata?: ObjectMeta | null;
  readonly eventTime?: string | null;
  readonly reportingInstance?: string | null;
  readonly series?: { readonly count?: number | null } | null;
}

/** The beginning of a list, with how much follows. */
interface CountedList {
  readonly items?: readonly unknown[] | null;
  readonly metadata?: {
    readonly continue?: string;
    readonly remainingItemCount?: number;
  } | null;
}

/** An object of which the metadata counts. */
interface Listed {
  readonly metadata?: ObjectMeta | null;
}

/** What a write heeds. */
export type WriteCall = Pick<ApiRequest, 'stopRetrying' | 'assertMayWrite'>;

/** In place of what a write heeds: the API server answers as to a write, and stores nothing. */
export interface DryRun extends Pick<ApiRequest, 'signal'> {
  readonly dryRun: true;
}

/** Where the revisions of a workload are. */
export interface RevisionScope {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  /** Of its Pods, as a list takes it. */
  readonly podSelector: string;
}

export interface ListScope {
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  readonly ignoreNamespaces: readonly string[];
  readonly labelSelector: string | undefined;
  /** Objects that mention none of these words may be left out; absent: none is. */
  readonly mentioning?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function createCluster(api: ApiClient): Cluster {
  const pages = pager(api);

  function patchEvent(
    { namespace, name }: EventName,
    body: object,
    call: WriteCall | DryRun = {},
  ): Promise<RecordedEvent> {
    const { dryRun, ...heeded } = 'dryRun' in call ? call : { ...call, dryRun: false };
    return api.request({
      method: 'PATCH',
      path: `${eventsPath(namespace)}/${encodeURIComponent(name)}`,
      query: { fieldManager, ...(dryRun ? { dryRun: 'All' } : {}) },
      body,
      contentType: 'application/merge-patch+json',
      ...heeded,
    });
  }

  /** 0 times if the event is not there, or not any more. */
  async function countIn({ name }: EventName, answer: Promise<RecordedEvent>): Promise<EventCount> {
    try {
      return eventCountOf(await answer);
    } catch (error) {
      if (isAbsent(error, name)) return { times: 0, at: undefined };
      throw error;
    }
  }

  return {
    listWorkloads(kind, scope, onPage, onTooLarge, onMetadata) {
      const { namespace, ignoreNamespaces, labelSelector, mentioning, signal } = scope;
      const fieldSelector = ignoreNamespaces.map((name) => `metadata.namespace!=${name}`).join(',');
      return pages<WorkloadObject>({
        path: listPath(workloadEntry(kind), namespace),
        query: { labelSelector, fieldSelector: fieldSelector || undefined },
        signal,
        onPage,
        onTooLarge,
        onMetadata,
        ...(mentioning && { parse: (text) => parseListMentioning(text, mentioning) }),
      });
    },

    async countWorkloads(kind, signal) {
      const list = await api.request<CountedList | null>({
        method: 'GET',
        path: listPath(workloadEntry(kind), undefined),
        query: { limit: 1 },
        part: 'list of metadata',
        signal,
      });
      const { continue: token, remainingItemCount } = list?.metadata ?? {};
      if (token && remainingItemCount === undefined) return undefined;
      return (list?.items?.length ?? 0) + (remainingItemCount ?? 0);
    },

    async listNamespaces(labelSelector, signal) {
      let names: string[] = [];
      await pages<Listed>({
        path: '/api/v1/namespaces',
        query: { labelSelector },
        part: 'list of metadata',
        signal,
        onPage(page, restart) {
          if (restart) names = [];
          for (const { metadata } of page) if (metadata?.name) names.push(metadata.name);
        },
      });
      return names;
    },

    listPods(namespace, labelSelector, signal, onPage) {
      return pages<PodObject>({
        path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
        query: { labelSelector },
        signal,
        onPage,
      });
    },

    listRevisions({ kind, namespace, podSelector }, signal, onPage) {
      return pages<RevisionObject>({
        path: listPath(workloadEntry(kind).revisions, namespace),
        query: { labelSelector: podSelector },
        signal,
        onPage,
      });
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
        contentType: workloadEntry(name.kind).patchType,
        part: 'metadata',
        ...call,
      });
    },

    async getSource(source, signal, admits) {
      const path = sourcePath(source);
      const object = await api.request<SourceObject | null>({
        method: 'GET',
        path,
        signal,
        admits,
      });
      return assertRequestedObject(object, source, path);
    },

    async createSecret({ namespace, name }, data, call) {
      await api.request<unknown>({
        method: 'POST',
        path: listPath(secret, namespace),
        query: { fieldManager },
        body: {
          apiVersion: apiVersionOf(secret),
          kind: secret.kind,
          metadata: { name, namespace },
          type: 'Opaque',
          data,
        },
        part: 'metadata',
        ...call,
      });
    },

    async getSourceMetadata(source, signal) {
      const path = sourcePath(source);
      const object = await api.request<SourceObject | null>({
        method: 'GET',
        path,
        part: 'metadata',
        signal,
      });
      return assertRequestedObject(object, source, path).metadata ?? {};
    },

    listSourceMetadata(kind, namespace, signal, onPage) {
      return pages<Listed>({
        path: listPath(sourceEntry(kind), namespace),
        query: {},
        part: 'list of metadata',
        signal,
        onPage(page, restart) {
          onPage(
            page.map(({ metadata }) => metadata ?? {}),
            restart,
          );
        },
      });
    },

    async patchSource(source, patch, call) {
      await api.request<unknown>({
        method: 'PATCH',
        path: sourcePath(source),
        query: { fieldManager },
        body: patch,
        contentType: 'application/strategic-merge-patch+json',
        part: 'metadata',
        ...call,
      });
    },

    async getNamespace(name, signal) {
      const path = `/api/v1/namespaces/${encodeURIComponent(name)}`;
      const object = await api.request<Listed | null>({
        method: 'GET',
        path,
        part: 'metadata',
        signal,
      });
      return assertRequestedObject(object, { name }, path).metadata ?? {};
    },

    async recordEvent(event, now, call) {
      const path = eventsPath(event.metadata.namespace);
      const query = { fieldManager };
      try {
        await api.request<unknown>({ method: 'POST', path, query, body: event, ...call });
        return;
      } catch (error) {
        if (!isApiError(error, 409)) throw error;
      }
      // An empty patch changes nothing and answers with the object: so the count of the series can
      // be read without the permission to get events, which `create` and `patch` do not include.
      const recorded = await patchEvent(event.metadata, {}, call);
      // It was there because a try of ours took effect whose answer was lost. Counted again, the hash
      // that it tells would seem to have been written twice: see reverted.ts.
      if (!recorded.series && isSame(recorded, event)) return;
      await patchEvent(
        event.metadata,
        nextOfSeries(recorded.series?.count ?? undefined, now),
        call,
      );
    },

    eventCount(event, call) {
      return countIn(event, patchEvent(event, {}, call));
    },

    readEventCount(event, signal) {
      const path = `${eventsPath(event.namespace)}/${encodeURIComponent(event.name)}`;
      return countIn(event, api.request({ method: 'GET', path, signal }));
    },

    async refreshEvent(event, times, now, call) {
      await patchEvent(event, seriesOf(times, now), call);
    },
  };
}

/**
 * What something on the way answers in the API server's place would count as an object without
 * content, and be acted upon.
 */
function assertRequestedObject<T extends { readonly metadata?: ObjectMeta | null | undefined }>(
  object: T | null,
  { name, namespace }: { readonly name: string; readonly namespace?: string },
  path: string,
): T {
  const { metadata } = object ?? {};
  if (
    metadata?.name !== name ||
    (metadata.namespace ?? undefined) !== namespace ||
    object === null
  ) {
    throw new ApiError(`the response to GET ${path} is not the requested object`, {
      canRetry: false,
    });
  }
  return object;
}

/** What an event says of how often it was recorded: each write of the series leaves its time. */
export function eventCountOf({ metadata, series }: RecordedEvent): EventCount {
  const times = (metadata?.managedFields ?? []).flatMap(({ time }) => time ?? []).sort();
  const at = times.at(-1) ?? metadata?.creationTimestamp ?? undefined;
  return { times: series?.count ?? 1, at };
}

/** Two processes, or one at two times, tell two things. */
function isSame(recorded: RecordedEvent, event: NewEvent): boolean {
  return (
    recorded.eventTime === event.eventTime && recorded.reportingInstance === event.reportingInstance
  );
}

function sourcePath(source: SourceName): string {
  return objectPath(sourceEntry(source.kind), source);
}

function eventsPath(namespace: string): string {
  return `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`;
}

function workloadPath(workload: WorkloadName): string {
  return objectPath(workloadEntry(workload.kind), workload);
}
