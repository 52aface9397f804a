import type { LimitFunction } from 'p-limit';
import { describeError, UnreachableError } from '../../lib/errors.ts';
import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { WorkloadKind } from '../../lib/kubernetes/kinds.ts';
import { type ListProblem, listName } from '../../lib/rules/report.ts';
import { givenShard, ownNamespaces } from '../../lib/rules/shards.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { areBestReadTogether } from './list-together.ts';
import { mayUseTemplates } from './template-users.ts';
import { type Listed, type ListReduction, type ReadList, WorkloadList } from './workload-list.ts';

export interface ListDeps {
  readonly cluster: Cluster;
  /** Limits the lists in progress. */
  readonly lists: LimitFunction;
  readonly signal: AbortSignal;
}

/**
 * Lists the opted-in workloads of all kinds and namespaces in the settings, and of the shard of
 * this process. An invalid object affects only itself.
 *
 * @throws UnreachableError if no list could be read
 */
export async function listWorkloads(
  settings: Settings,
  reduction: ListReduction,
  { cluster, lists, signal }: ListDeps,
): Promise<Listed> {
  const { kinds, kindsNotServed, problems } = await findKinds(settings, cluster, signal);
  const isOwn = ownNamespaces(givenShard(settings.shard));
  const chosen = await chosenNamespaces(cluster, settings, signal);
  const namespaces = chosen.filter((name) => name === undefined || isOwn(name));
  const together = await areBestReadTogether(cluster, { ...settings, kinds }, namespaces, signal);
  const isChosen = together ? (name: string) => namespaces.includes(name) : isOwn;
  const read = (kind: WorkloadKind, namespace: string | undefined): Promise<ReadList> =>
    lists(() =>
      new WorkloadList({ kind, namespace, isChosen }, reduction).read(cluster, settings, signal),
    );
  const readAlone = (kind: WorkloadKind) =>
    Promise.all(namespaces.map((namespace) => read(kind, namespace)));
  const readTogether = async (kind: WorkloadKind): Promise<ReadList[]> => {
    const whole = await read(kind, undefined);
    return whole.isForbiddenAsWhole ? await readAlone(kind) : [whole];
  };
  const readAll = async (some: readonly WorkloadKind[]): Promise<ReadList[]> =>
    together
      ? (await Promise.all(some.map(readTogether))).flat()
      : await Promise.all(
          namespaces.flatMap((namespace) => some.map((kind) => read(kind, namespace))),
        );
  // These kinds come first: the users of templates must be known before the owners of the templates are
  // reduced.
  const ofUsers = await readAll(kinds.filter(mayUseTemplates));
  const areUnread = problems.length > 0 || ofUsers.some(({ isRead }) => !isRead);
  const areFiltered = settings.workloadSelector !== '' && kinds.some(mayUseTemplates);
  if (areUnread || areFiltered) reduction.users?.noteMissing();
  const results = [...ofUsers, ...(await readAll(kinds.filter((kind) => !mayUseTemplates(kind))))];
  return { ...joined(results, problems), kindsNotServed };
}

interface FoundKinds extends Pick<Listed, 'kindsNotServed' | 'problems'> {
  /** The kinds that the cluster serves. */
  readonly kinds: readonly WorkloadKind[];
}

async function findKinds(
  { kinds }: Settings,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<FoundKinds> {
  const found = [...(await cluster.findKinds(kinds, signal))];
  return {
    kinds: found.flatMap(([kind, { state }]) => (state === 'served' ? [kind] : [])),
    kindsNotServed: found.flatMap(([kind, finding]) =>
      finding.state === 'notServed' ? [{ kind, why: finding.why }] : [],
    ),
    problems: found.flatMap(([kind, finding]) =>
      finding.state === 'unknown'
        ? [{ what: listName(kind, undefined), why: describeError(finding.error) }]
        : [],
    ),
  };
}

function joined(
  lists: readonly ReadList[],
  ofKinds: readonly ListProblem[],
): Omit<Listed, 'kindsNotServed'> {
  const problems = [...ofKinds, ...lists.flatMap((list) => list.problems)];
  const [first] = problems;
  if (first !== undefined && lists.every(({ isRead }) => !isRead)) {
    throw new UnreachableError(`no workload could be listed: ${first.why}`);
  }
  return {
    workloads: lists.flatMap(({ workloads }) => workloads),
    unread: lists.flatMap(({ unread }) => unread),
    tooLarge: lists.flatMap(({ tooLarge }) => tooLarge),
    problems,
  };
}

/**
 * The namespaces to list one by one; a single `undefined` stands for one list of the whole cluster.
 */
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
