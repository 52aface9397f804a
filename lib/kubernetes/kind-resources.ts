import { oncePer } from '../concurrency/once-per.ts';
import { WaveCronError } from '../errors.ts';
import type { ApiClient } from './client/api-client.ts';
import { ApiError, isApiError } from './client/api-error.ts';
import {
  type ApiResource,
  apiVersionOf,
  isCustomKind,
  type WorkloadKind,
  workloadEntry,
} from './kinds.ts';

/** Whether the cluster serves a kind. */
export type KindFinding =
  | { readonly state: 'served'; readonly resource: ApiResource }
  /** There are no workloads of this kind that a pass could handle. */
  | { readonly state: 'notServed'; readonly why: string }
  /** There may be some. */
  | { readonly state: 'unknown'; readonly error: Error };

/** The needed fields of an APIResourceList of meta/v1. */
interface ResourceList {
  readonly resources?: readonly ServedResource[] | null;
}

interface ServedResource {
  readonly name?: string;
  readonly kind?: string;
  readonly namespaced?: boolean;
  readonly verbs?: readonly string[] | null;
}

/** The needed fields of an APIGroup of meta/v1. */
interface Group {
  readonly versions?: readonly { readonly version?: string }[] | null;
}

const neededVerbs = ['list', 'get', 'patch'] as const;

/**
 * The API resources of the workload kinds in a cluster. The paths of built-in kinds are fixed. For
 * other kinds, only the cluster knows their plural and whether they exist, and both may change
 * between two passes.
 */
export class KindResources {
  readonly #api: ApiClient;
  readonly #known = new Map<WorkloadKind, ApiResource>();

  constructor(api: ApiClient) {
    this.#api = api;
  }

  /** Asks the cluster again, once for each group and version. Built-in kinds need no request. */
  async find(
    kinds: readonly WorkloadKind[],
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<WorkloadKind, KindFinding>> {
    const lists = oncePer((apiVersion: string) => this.#list(apiVersion, signal));
    const find = async (kind: WorkloadKind): Promise<readonly [WorkloadKind, KindFinding]> => {
      const finding = await this.#find(kind, lists, signal);
      if (finding.state === 'served') this.#known.set(kind, finding.resource);
      else if (finding.state === 'notServed') this.#known.delete(kind);
      return [kind, finding];
    };
    return new Map(await Promise.all(kinds.map(find)));
  }

  /**
   * The API resource of the kind, as last found.
   *
   * @throws ApiError if the cluster does not serve it, or does not answer
   */
  async of(kind: WorkloadKind, signal?: AbortSignal): Promise<ApiResource> {
    if (!isCustomKind(kind)) return workloadEntry(kind);
    const known = this.#known.get(kind);
    if (known !== undefined) return known;
    const finding = (await this.find([kind], signal)).get(kind);
    if (finding?.state === 'served') return finding.resource;
    if (finding?.state === 'unknown') throw finding.error;
    throw new ApiError(`${kind}: ${finding?.why}`, { canRetry: false });
  }

  async #find(
    kind: WorkloadKind,
    lists: (apiVersion: string) => Promise<ResourceList | undefined>,
    signal: AbortSignal | undefined,
  ): Promise<KindFinding> {
    const entry = workloadEntry(kind);
    if (!isCustomKind(kind)) return { state: 'served', resource: entry };
    try {
      const list = await lists(apiVersionOf(entry));
      if (list === undefined) return notServed(await this.#whyNoVersion(entry.group, signal));
      const resource = list.resources?.find(
        ({ name, kind: its }) => its === entry.kind && name?.includes('/') === false,
      );
      return findingOf(resource, entry);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof WaveCronError)) throw error;
      return { state: 'unknown', error };
    }
  }

  /** Undefined if the cluster does not serve the group in this version. */
  async #list(apiVersion: string, signal?: AbortSignal): Promise<ResourceList | undefined> {
    const path = `/apis/${apiVersion}`;
    try {
      const list = await this.#api.request<ResourceList | null>({ method: 'GET', path, signal });
      if (list !== null && Array.isArray(list.resources)) return list;
    } catch (error) {
      if (isApiError(error, 404)) return undefined;
      throw error;
    }
    throw new ApiError(`the response to GET ${path} is not a list of resources`, {
      canRetry: false,
    });
  }

  async #whyNoVersion(group: string, signal: AbortSignal | undefined): Promise<string> {
    const path = `/apis/${group}`;
    try {
      const found = await this.#api.request<Group | null>({ method: 'GET', path, signal });
      const versions = found?.versions?.flatMap(({ version }) => version ?? []) ?? [];
      return `the cluster serves the API group ${group} only as ${versions.join(', ')}`;
    } catch (error) {
      if (!isApiError(error, 404)) throw error;
      return `the cluster has no API group ${group}`;
    }
  }
}

function findingOf(
  served: ServedResource | undefined,
  entry: ApiResource & { readonly kind: string },
): KindFinding {
  const { name, namespaced, verbs } = served ?? {};
  if (name === undefined) {
    return notServed(`the API ${apiVersionOf(entry)} of the cluster has no kind ${entry.kind}`);
  }
  if (namespaced !== true) {
    return notServed('it is cluster-scoped, and wave-cron handles only kinds of namespaces');
  }
  const missing = neededVerbs.filter((verb) => !verbs?.includes(verb));
  if (missing.length > 0) return notServed(`its API does not support ${missing.join(', ')}`);
  return { state: 'served', resource: { ...entry, plural: name } };
}

function notServed(why: string): KindFinding {
  return { state: 'notServed', why };
}
