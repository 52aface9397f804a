import type { LimitFunction } from 'p-limit';
import { UnreachableError } from '../../lib/errors.ts';
import { isApiError } from '../../lib/kubernetes/client/api-error.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { ObjectMeta, WorkloadObject } from '../../lib/kubernetes/objects.ts';
import { type ListProblem, listName } from '../../lib/rules/report.ts';
import { givenShard, ownNamespaces } from '../../lib/rules/shards.ts';
import type { ListedName, Workload, WorkloadKind } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { describeError } from '../interruption.ts';
import { areBestReadTogether } from './list-together.ts';

export interface Listed {
  readonly workloads: readonly Workload[];
  /** Listed objects that could not be read. */
  readonly unread: readonly Unread[];
  /** Objects that were too large and were skipped. */
  readonly tooLarge: readonly TooLarge[];
  readonly problems: readonly ListProblem[];
}

export interface TooLarge extends ListedName {
  /** Whether `keep` would keep it, according to its metadata. */
  readonly kept: boolean;
}

export interface Unread extends ListedName {
  /** What `keep` threw. */
  readonly error: unknown;
}

/**
 * Lists the opted-in workloads of all kinds and namespaces in the settings, and of the shard of
 * this process. An invalid object affects only itself.
 *
 * @param keep reduces an object to what the pass needs; undefined if it did not opt in
 * @param mentioning words of which every kept object contains at least one; absent: none are known
 * @param keepUnread like `keep`, for a workload of a page that is too large, by its metadata.
 * Absent: such workloads are read one by one.
 * @throws UnreachableError if all lists failed
 */
export async function listWorkloads(
  cluster: Cluster,
  settings: Settings,
  keep: (kind: WorkloadKind, object: WorkloadObject) => Workload | undefined,
  limit: LimitFunction,
  signal: AbortSignal,
  mentioning?: readonly string[],
  keepUnread?: (kind: WorkloadKind, metadata: ObjectMeta) => Workload | undefined,
): Promise<Listed> {
  const { kinds, ignoreNamespaces, workloadSelector } = settings;
  const isOwn = ownNamespaces(givenShard(settings.shard));
  const chosen = await chosenNamespaces(cluster, settings, signal);
  const namespaces = chosen.filter((name) => name === undefined || isOwn(name));
  const lists = namespaces.flatMap((namespace) => kinds.map((kind) => ({ kind, namespace })));
  const together = await areBestReadTogether(cluster, settings, namespaces, signal);
  const isChosen = together ? (name: string) => namespaces.includes(name) : isOwn;

  const isKept = (kind: WorkloadKind, metadata: ObjectMeta): boolean => {
    try {
      return keep(kind, { metadata }) !== undefined;
    } catch {
      // An object that could not be read may have opted in.
      return true;
    }
  };
  const read = async ({ kind, namespace }: (typeof lists)[number]) => {
    const what = listName(kind, namespace);
    let kept: Workload[] = [];
    let unread: Unread[] = [];
    let tooLarge: TooLarge[] = [];
    let nameless = 0;
    const forget = (): void => {
      kept = [];
      unread = [];
      tooLarge = [];
      nameless = 0;
    };
    const take = (object: WorkloadObject, read: () => Workload | undefined): void => {
      const name = nameOf(kind, object);
      if (name === undefined) nameless += 1;
      if (name === undefined || !isChosen(name.namespace)) return;
      try {
        const workload = read();
        if (workload !== undefined) kept.push(workload);
      } catch (error) {
        unread.push({ ...name, error });
      }
    };
    try {
      await cluster.listWorkloads(
        kind,
        {
          namespace,
          ignoreNamespaces,
          labelSelector: workloadSelector || undefined,
          mentioning,
          signal,
        },
        (page, restart) => {
          if (restart) forget();
          for (const object of page) take(object, () => keep(kind, object));
        },
        (metadata) => {
          const name = nameOf(kind, { metadata });
          if (name === undefined) nameless += 1;
          else if (isChosen(name.namespace)) {
            tooLarge.push({ ...name, kept: isKept(kind, metadata) });
          }
        },
        keepUnread &&
          ((page, restart) => {
            if (restart) forget();
            for (const metadata of page) take({ metadata }, () => keepUnread(kind, metadata));
          }),
      );
    } catch (error) {
      signal.throwIfAborted();
      const isRefused = namespace === undefined && isApiError(error, 403);
      const why = `${describeError(error)}${isRefused ? namespacesHint : ''}`;
      return { isRefused, problem: { what, why } };
    }
    if (nameless === 0) return { kept, unread, tooLarge };
    const why = `${nameless} objects in the response have no name or namespace; the others were processed`;
    return { kept, unread, tooLarge, problem: { what, why } };
  };

  const readAll = (some: typeof lists) => Promise.all(some.map((list) => limit(read, list)));
  const readTogether = async (kind: WorkloadKind) => {
    const whole = await limit(read, { kind, namespace: undefined });
    return whole.isRefused ? await readAll(lists.filter((list) => list.kind === kind)) : [whole];
  };
  const results = together
    ? (await Promise.all(kinds.map(readTogether))).flat()
    : await readAll(lists);
  const problems = results.flatMap(({ problem }) => problem ?? []);
  const [first] = problems;
  if (first !== undefined && results.every(({ kept }) => kept === undefined)) {
    throw new UnreachableError(`no workload could be listed: ${first.why}`);
  }
  return {
    workloads: results.flatMap(({ kept }) => kept ?? []),
    unread: results.flatMap(({ unread }) => unread ?? []),
    tooLarge: results.flatMap(({ tooLarge }) => tooLarge ?? []),
    problems,
  };
}

const namespacesHint =
  '; if the permissions are for some namespaces only, list these in the setting namespaces';

/** Undefined if the object has no name or namespace. */
function nameOf(kind: WorkloadKind, object: WorkloadObject | null): ListedName | undefined {
  const { namespace, name, uid, resourceVersion } = object?.metadata ?? {};
  if (typeof namespace !== 'string' || typeof name !== 'string') return undefined;
  return { kind, namespace, name, uid: uid ?? '', resourceVersion: resourceVersion ?? '' };
}

/** The namespaces to list one by one. A single undefined means one list of all namespaces. */
export async function chosenNamespaces(
  cluster: Cluster,
  { namespaces, namespaceSelector, ignoreNamespaces }: Settings,
  signal: AbortSignal,
): Promise<readonly (string | undefined)[]> {
  if (namespaceSelector !== '') {
    let matching: string[];
    try {
      matching = await cluster.listNamespaces(namespaceSelector, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new UnreachableError(
        `the namespaces of namespaceSelector could not be listed: ${describeError(error)}`,
      );
    }
    return matching.filter((name) => !ignoreNamespaces.includes(name));
  }
  return namespaces.length > 0 ? namespaces : [undefined];
}
