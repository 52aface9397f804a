import type { ApiClient, ApiRequest } from './client/api-client.ts';
import { ApiError, isAbsent, isApiError } from './client/api-error.ts';
import { parseListMentioning } from './client/list-text.ts';
import { type OnPage, type PagedList, pager } from './client/pages.ts';
import { nextOfSeries, seriesOf } from './event-series.ts';
import { type KindFinding, KindResources } from './kind-resources.ts';
import {
  apiVersionOf,
  mountStatus,
  referencedResource,
  revisionKind,
  type SourceKind,
  secret,
  sourceEntry,
  type WorkloadKind,
  workloadEntry,
} from './kinds.ts';
import {
  type EventName,
  fieldManager,
  type ReferencedName,
  type SourceName,
  type WorkloadName,
} from './names.ts';
import type {
  MountStatusObject,
  ObjectMeta,
  PodObject,
  RevisionObject,
  SourceObject,
  WorkloadObject,
} from './objects.ts';
import { listPath, objectPath } from './paths.ts';

/** The requests of a pass to a cluster. Each method is one kind of request. */
export interface Cluster {
  /**
   * Lists one kind of workload, page by page: see `pager`.
   *
   * @param onTooLarge called with the metadata of a workload that is too large to be read; absent: such
   * a workload ends the list
   * @param onMetadata called instead of `onPage` with the metadata of the workloads of a page that
   * is too large
   */
  listWorkloads(
    kind: WorkloadKind,
    scope: ListScope,
    onPage: OnPage<WorkloadObject>,
    onTooLarge?: (metadata: ObjectMeta) => void,
    onMetadata?: OnPage<ObjectMeta>,
  ): Promise<void>;
  /**
   * The number of workloads of one kind in all namespaces; undefined if the server does not return
   * it.
   */
  countWorkloads(kind: WorkloadKind, signal?: AbortSignal): Promise<number | undefined>;
  /** Names of the namespaces that match a label selector. */
  listNamespaces(labelSelector: string, signal?: AbortSignal): Promise<string[]>;
  /**
   * Lists the metadata of the namespaces that match a label selector, page by page like `listWorkloads`.
   *
   * @param labelSelector empty: all namespaces
   */
  listNamespaceMetadata(
    labelSelector: string,
    signal: AbortSignal | undefined,
    onPage: OnPage<ObjectMeta>,
  ): Promise<void>;
  /**
   * Asks the cluster for the API resources of these kinds: one request for each group and version
   * of kinds that are not built-in, and no request for built-in kinds.
   */
  findKinds(
    kinds: readonly WorkloadKind[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<WorkloadKind, KindFinding>>;
  getWorkload(name: WorkloadName, signal?: AbortSignal): Promise<WorkloadObject>;
  /**
   * Applies a patch as our field manager. The kind of the workload determines the media type.
   *
   * @returns the metadata after the patch
   * @throws ApiError; the error of `call.assertMayWrite`
   */
  patchWorkload(name: WorkloadName, patch: object, call?: WriteCall): Promise<ObjectMeta>;
  /**
   * Reads the current version of one source, not a cached version.
   *
   * @param admits limits the size of the response, as in ApiRequest
   * @throws AnswerTooLargeError if the response is larger than admitted
   */
  getSource(
    source: ReferencedName,
    signal?: AbortSignal,
    admits?: (bytes: number) => boolean,
  ): Promise<SourceObject>;
  /**
   * Creates a Secret of type Opaque with only this data. Its metadata contains only the name.
   *
   * @param data each value in base64
   * @throws ApiError with status 409 and reason AlreadyExists if a Secret with this name exists
   */
  createSecret(
    source: SourceName,
    data: Readonly<Record<string, string>>,
    call?: WriteCall,
  ): Promise<void>;
  /**
   * Lists the Pods in one namespace that match a label selector, page by page like `listWorkloads`.
   */
  listPods(
    namespace: string,
    labelSelector: string,
    signal: AbortSignal | undefined,
    onPage: OnPage<PodObject>,
  ): Promise<void>;
  /**
   * Lists the revisions (ReplicaSets or ControllerRevisions) in one namespace that match a label
   * selector, page by page like `listWorkloads`.
   */
  listRevisions(
    of: RevisionScope,
    signal: AbortSignal | undefined,
    onPage: OnPage<RevisionObject>,
  ): Promise<void>;
  /**
   * Lists the SecretProviderClassPodStatuses of one namespace, page by page like `listWorkloads`.
   */
  listMountStatuses(
    namespace: string,
    signal: AbortSignal | undefined,
    onPage: OnPage<MountStatusObject>,
  ): Promise<void>;
  /** Reads only the metadata of a source. The API server does not send its values. */
  getSourceMetadata(source: ReferencedName, signal?: AbortSignal): Promise<ObjectMeta>;
  /**
   * Lists the metadata of all sources of one kind, page by page like `listWorkloads`.
   *
   * @param namespace undefined: all namespaces
   */
  listSourceMetadata(
    kind: SourceKind,
    namespace: string | undefined,
    signal: AbortSignal | undefined,
    onPage: OnPage<ObjectMeta>,
  ): Promise<void>;
  /**
   * Applies a strategic merge patch of owner references as our field manager.
   *
   * @returns the metadata after the patch
   */
  patchSource(source: SourceName, patch: object, call?: WriteCall): Promise<ObjectMeta>;
  getNamespace(name: string, signal?: AbortSignal): Promise<ObjectMeta>;
  /**
   * Creates an Event, or continues the series of the existing Event with the same name.
   *
   * @returns which of the two happened
   */
  recordEvent(event: NewEvent, now: Date, call?: WriteCall): Promise<'created' | 'continued'>;
  /**
   * How often an Event was recorded, and when last; 0 times if it does not exist or has expired. It
   * sends a patch that changes nothing, which needs only the permission to patch Events.
   */
  eventCount(event: EventName, call?: WriteCall | DryRun): Promise<EventCount>;
  /** Like `eventCount`, but reads the Event with a get. */
  readEventCount(event: EventName, signal?: AbortSignal): Promise<EventCount>;
  /** Writes the count of an existing Event again, so that the Event does not expire. */
  refreshEvent(event: EventName, times: number, now: Date, call?: WriteCall): Promise<void>;
}

/** How often an Event was recorded. */
export interface EventCount {
  readonly times: number;
  /** RFC 3339, whole seconds, UTC, by the clock of the API server; undefined if unknown. */
  readonly at: string | undefined;
}

/** The fields of a new Event (events.k8s.io/v1) that identify it. */
export interface NewEvent {
  readonly metadata: EventName;
  readonly eventTime: string;
  readonly reportingInstance: string;
}

/** The fields of an existing Event that are read. */
export interface RecordedEvent {
  readonly metadata?: ObjectMeta | null;
  readonly eventTime?: string | null;
  readonly reportingInstance?: string | null;
  readonly series?: { readonly count?: number | null } | null;
}

/** The first page of a list, with the number of remaining items. */
interface CountedList {
  readonly items?: readonly unknown[] | null;
  readonly metadata?: {
    readonly continue?: string;
    readonly remainingItemCount?: number;
  } | null;
}

/** An object whose metadata is needed. */
interface Listed {
  readonly metadata?: ObjectMeta | null;
}

/** The options of a write. */
export type WriteCall = Pick<ApiRequest, 'stopRetrying' | 'assertMayWrite'>;

/**
 * The options of a dry run, instead of a write: the API server responds like to a write, and stores
 * nothing.
 */
export interface DryRun extends Pick<ApiRequest, 'signal'> {
  readonly dryRun: true;
}

/** Which revisions to list for a workload. */
export interface RevisionScope {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  /** The label selector of the workload's Pods, in the format of a list request. */
  readonly podSelector: string;
}

export interface ListScope {
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  readonly ignoreNamespaces: readonly string[];
  readonly labelSelector: string | undefined;
  /** Objects that contain none of these words may be omitted; absent: all objects are returned. */
  readonly mentioning?: readonly string[] | undefined;
  /** If `mentioning` is present, the objects of these namespaces are returned in any case. */
  readonly alsoIn?: ((namespace: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @param resources default: its own */
export function createCluster(api: ApiClient, resources = new KindResources(api)): Cluster {
  const pages = pager(api);

  function listMetadata(
    path: string,
    query: PagedList<Listed>['query'],
    signal: AbortSignal | undefined,
    onPage: OnPage<ObjectMeta>,
  ): Promise<void> {
    return pages<Listed>({
      ...{ path, query, signal },
      part: 'list of metadata',
      onPage(page, restart) {
        onPage(
          page.map(({ metadata }) => metadata ?? {}),
          restart,
        );
      },
    });
  }

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

  /** 0 times if the Event does not exist or has expired. */
  async function countIn({ name }: EventName, answer: Promise<RecordedEvent>): Promise<EventCount> {
    try {
      return eventCountOf(await answer);
    } catch (error) {
      if (isAbsent(error, name)) return { times: 0, at: undefined };
      throw error;
    }
  }

  return {
    findKinds: (kinds, signal) => resources.find(kinds, signal),

    async listWorkloads(kind, scope, onPage, onTooLarge, onMetadata) {
      const { namespace, ignoreNamespaces, labelSelector, mentioning, alsoIn, signal } = scope;
      const isAlsoNeeded = (object: WorkloadObject | null): boolean =>
        alsoIn?.(object?.metadata?.namespace ?? '') === true;
      const fieldSelector = ignoreNamespaces.map((name) => `metadata.namespace!=${name}`).join(',');
      await pages<WorkloadObject>({
        path: listPath(await resources.of(kind, signal), namespace),
        query: { labelSelector, fieldSelector: fieldSelector || undefined },
        signal,
        onPage,
        onTooLarge,
        onMetadata,
        ...(mentioning && {
          parse: (text) => parseListMentioning(text, mentioning, isAlsoNeeded),
        }),
      });
    },

    async countWorkloads(kind, signal) {
      const list = await api.request<CountedList | null>({
        method: 'GET',
        path: listPath(await resources.of(kind, signal), undefined),
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
      await listMetadata(namespacesPath, { labelSelector }, signal, (page, restart) => {
        if (restart) names = [];
        for (const { name } of page) if (name) names.push(name);
      });
      return names;
    },

    listNamespaceMetadata(labelSelector, signal, onPage) {
      return listMetadata(namespacesPath, { labelSelector }, signal, onPage);
    },

    listPods(namespace, labelSelector, signal, onPage) {
      return pages<PodObject>({
        path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
        query: { labelSelector },
        signal,
        onPage,
      });
    },

    listMountStatuses(namespace, signal, onPage) {
      return pages<MountStatusObject>({
        path: listPath(mountStatus, namespace),
        query: {},
        signal,
        onPage,
      });
    },

    listRevisions({ kind, namespace, podSelector }, signal, onPage) {
      return pages<RevisionObject>({
        path: listPath(revisionKind(kind), namespace),
        query: { labelSelector: podSelector },
        signal,
        onPage,
      });
    },

    async getWorkload(name, signal) {
      const path = objectPath(await resources.of(name.kind, signal), name);
      return await api.request<WorkloadObject>({ method: 'GET', path, signal });
    },

    async patchWorkload(name, patch, call) {
      const patched = await api.request<Listed | null>({
        method: 'PATCH',
        path: objectPath(await resources.of(name.kind, call?.stopRetrying), name),
        query: { fieldManager },
        body: patch,
        contentType: workloadEntry(name.kind).patchType,
        part: 'metadata',
        ...call,
      });
      return patched?.metadata ?? {};
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
      return listMetadata(listPath(sourceEntry(kind), namespace), {}, signal, onPage);
    },

    async patchSource(source, patch, call) {
      const patched = await api.request<Listed | null>({
        method: 'PATCH',
        path: sourcePath(source),
        query: { fieldManager },
        body: patch,
        contentType: 'application/strategic-merge-patch+json',
        part: 'metadata',
        ...call,
      });
      return patched?.metadata ?? {};
    },

    async getNamespace(name, signal) {
      const path = `${namespacesPath}/${encodeURIComponent(name)}`;
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
        return 'created';
      } catch (error) {
        if (!isApiError(error, 409)) throw error;
      }
      // An empty patch changes nothing and returns the object. So the count of the series can be
      // read without the permission to get Events.
      const recorded = await patchEvent(event.metadata, {}, call);
      // An earlier attempt of ours created it, and the response was lost. If it counted twice, its
      // hash would appear to have been written twice: see reverted.ts.
      if (!recorded.series && isSame(recorded, event)) return 'created';
      await patchEvent(
        event.metadata,
        nextOfSeries(recorded.series?.count ?? undefined, now),
        call,
      );
      return 'continued';
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
 * A proxy may respond instead of the API server. Without this check, its response would count as an
 * object without content.
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

/** The count of an Event, from its series, and the time of its last write. */
export function eventCountOf({ metadata, series }: RecordedEvent): EventCount {
  const times = (metadata?.managedFields ?? []).flatMap(({ time }) => time ?? []).sort();
  const at = times.at(-1) ?? metadata?.creationTimestamp ?? undefined;
  return { times: series?.count ?? 1, at };
}

/** An Event of another process or another time was not sent by this request. */
function isSame(recorded: RecordedEvent, event: NewEvent): boolean {
  return (
    recorded.eventTime === event.eventTime && recorded.reportingInstance === event.reportingInstance
  );
}

const namespacesPath = '/api/v1/namespaces';

function sourcePath(source: ReferencedName): string {
  return objectPath(referencedResource(source.kind), source);
}

function eventsPath(namespace: string): string {
  return `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`;
}
