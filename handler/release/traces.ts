import type { LimitFunction } from 'p-limit';
import { describeError, expectedError, UnreachableError, WaveCronError } from '../../lib/errors.ts';
import { isAbsent } from '../../lib/kubernetes/client/api-error.ts';
import type { Cluster, SourceName } from '../../lib/kubernetes/cluster.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import { annotationKeysOf } from '../../lib/rules/annotations.ts';
import { recordName } from '../../lib/rules/hash/config-hash.ts';
import {
  type CarriedReference,
  type CarriedReferences,
  carriedReferences,
} from '../../lib/rules/ownership/owner-references.ts';
import { planRelease } from '../../lib/rules/ownership/plan-release.ts';
import { parseRecord } from '../../lib/rules/ownership/record.ts';
import { sourceKinds } from '../../lib/rules/references.ts';
import { byName, type ListProblem, listName } from '../../lib/rules/report.ts';
import {
  readAnyWorkload,
  type Workload,
  type WorkloadKind,
  type WorkloadName,
  workloadKinds,
} from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import { chosenNamespaces, listWorkloads } from '../reading/list.ts';

/** Where to look for what wave-cron has written, and for what of it. */
export interface ReleaseScope {
  /** Of these, the namespaces and the annotation prefix count. */
  readonly settings: Settings;
  /** Undefined: everything in the namespaces that the settings name. */
  readonly only: WorkloadName | undefined;
  /** Whether the annotations of the template count, too. */
  readonly annotations: boolean;
}

/** What wave-cron has written, as it was found. */
export interface Traces {
  readonly workloads: readonly TracedWorkload[];
  /** What carries marks that no workload stands for any more. */
  readonly sources: readonly TracedSource[];
  /** Lists of workloads that were refused, and listed workloads that could not be understood. */
  readonly listProblems: readonly ListProblem[];
  /** Lists of sources that were refused. */
  readonly notSearched: readonly ListProblem[];
}

export interface TracedWorkload {
  readonly workload: Workload;
  /** Sources that were found to carry its mark, as in its record. */
  readonly carriers: ReadonlySet<string>;
}

export interface TracedSource extends SourceName {
  /** Whose references it carries; none if only the one to a Namespace is left. */
  readonly owners: readonly CarriedReference[];
}

/**
 * Finds what wave-cron has written. `kinds`, the selector of workloads and `ignoreNamespaces` do
 * not count: they may have been wider when it was written. Nor do shards.
 *
 * @throws UnreachableError where no workload could be listed at all, WaveCronError where the only
 * workload does not exist, nor any mark of it
 */
export async function findTraces(
  cluster: Cluster,
  { settings, only, annotations }: ReleaseScope,
  limit: LimitFunction,
  signal: AbortSignal,
): Promise<Traces> {
  const rules = {
    annotations: annotationKeysOf(settings.annotationPrefix),
    crossNamespaceReferences: settings.crossNamespaceReferences,
    adoption: settings.adoption,
  };
  const ofOtherPrefixes = new Set<string>();
  const read = (kind: WorkloadKind, object: WorkloadObject): Workload => {
    const workload = readAnyWorkload(kind, object, rules);
    if (hasOtherRecord(object, rules.annotations.ownedSources)) ofOtherPrefixes.add(workload.uid);
    return workload;
  };
  const carriesAny = (workload: Workload): boolean =>
    planRelease(workload, new Set(), true) !== undefined ||
    (annotations &&
      (carriesHashAnnotations(workload) ||
        workload.hasAdopted ||
        workload.hasHistory ||
        workload.hasWritten));

  const looked: Settings = {
    ...settings,
    kinds: workloadKinds,
    workloadSelector: '',
    ignoreNamespaces: [],
    shard: { count: 1 },
  };
  const listed = async () => {
    if (only !== undefined)
      return { ...(await readOnly(cluster, only, read, signal)), alsoNotSeen: [] };
    const keep = (kind: WorkloadKind, object: WorkloadObject): Workload | undefined => {
      const workload = read(kind, object);
      return carriesAny(workload) ? workload : undefined;
    };
    const { workloads, unread, tooLarge, problems } = await listWorkloads(
      cluster,
      looked,
      keep,
      limit,
      signal,
    );
    // What it carries is as unknown as in a list that was refused.
    const unknown = unread.map(({ kind, namespace, name, error }) => ({
      what: `${kind} ${namespace}/${name}`,
      why: describeError(error),
    }));
    const passedOver = tooLarge.map(({ kind, namespace, name, kept }) => ({
      what: `${kind} ${namespace}/${name}`,
      why: 'it is too large to be read',
      kept,
    }));
    return {
      workloads,
      problems: [...problems, ...unknown, ...passedOver.filter(({ kept }) => kept)],
      // Its metadata says that it answers for no mark; what its template carries is not known.
      alsoNotSeen: annotations ? passedOver.filter(({ kept }) => !kept) : [],
    };
  };
  const searched = async () => {
    const namespaces =
      only === undefined ? await chosenNamespaces(cluster, looked, signal) : [only.namespace];
    return await searchSources(cluster, namespaces, limit, signal);
  };
  const [{ workloads, problems, alsoNotSeen }, { carriers, refused }] = await Promise.all([
    listed(),
    searched(),
  ]);

  const traced = workloads
    .filter(carriesAny)
    .sort(byName)
    .map((workload) => ({ workload, carriers: carriersOf(workload, carriers) }));
  const answeredFor = new Set(ofOtherPrefixes);
  for (const { workload } of traced) {
    if (planRelease(workload, new Set(), true) !== undefined) answeredFor.add(workload.uid);
  }
  // Who answers for a mark cannot be known where not every workload was seen.
  const sources =
    problems.length > 0 ? [] : carriers.flatMap((source) => leftover(source, only, answeredFor));
  if (only !== undefined && workloads.length === 0 && sources.length === 0) {
    throw new WaveCronError(
      `${only.kind} ${only.name} does not exist in namespace ${only.namespace}, and nothing there carries a mark of it`,
    );
  }
  const listProblems = [...problems, ...alsoNotSeen].map(({ what, why }) => ({ what, why }));
  return { workloads: traced, sources, listProblems, notSearched: refused };
}

/**
 * Whether the template carries an annotation that can be taken off. One that is being deleted takes
 * its template with it.
 */
export function carriesHashAnnotations({ template, deleting }: Workload): boolean {
  return !deleting && (template.hash !== undefined || template.sources !== undefined);
}

/**
 * Whether a wave-cron with another annotation prefix has marked for it, too: what managedFields say
 * of a mark is the same for both.
 */
function hasOtherRecord({ metadata }: WorkloadObject, ownedSources: string): boolean {
  const suffix = ownedSources.slice(ownedSources.indexOf('/'));
  return Object.keys(metadata?.annotations ?? {}).some(
    (key) => key !== ownedSources && key.endsWith(suffix),
  );
}

async function readOnly(
  cluster: Cluster,
  only: WorkloadName,
  read: (kind: WorkloadKind, object: WorkloadObject) => Workload,
  signal: AbortSignal,
): Promise<{ workloads: readonly Workload[]; problems: readonly ListProblem[] }> {
  try {
    return {
      workloads: [read(only.kind, await cluster.getWorkload(only, signal))],
      problems: [],
    };
  } catch (error) {
    const { message } = expectedError(error, signal);
    if (isAbsent(error, only.name)) return { workloads: [], problems: [] };
    const { kind, namespace, name } = only;
    throw new UnreachableError(`${kind} ${namespace}/${name} could not be read: ${message}`);
  }
}

type Carrier = SourceName & CarriedReferences;

/** Lists the metadata of sources, which needs a permission that a pass does not have. */
async function searchSources(
  cluster: Cluster,
  namespaces: readonly (string | undefined)[],
  limit: LimitFunction,
  signal: AbortSignal,
): Promise<{ carriers: readonly Carrier[]; refused: readonly ListProblem[] }> {
  const lists = namespaces.flatMap((namespace) => sourceKinds.map((kind) => ({ kind, namespace })));
  const results = await Promise.all(
    lists.map(({ kind, namespace }) =>
      limit(async () => {
        let carriers: Carrier[] = [];
        try {
          await cluster.listSourceMetadata(kind, namespace, signal, (page, restart) => {
            if (restart) carriers = [];
            for (const metadata of page) {
              const carried = carriedReferences(metadata);
              if (carried.workloads.length === 0 && !carried.lastingByUs) continue;
              const { namespace: own, name } = metadata;
              carriers.push({ kind, namespace: own ?? '', name: name ?? '', ...carried });
            }
          });
          return { carriers };
        } catch (error) {
          const { message } = expectedError(error, signal);
          return { refused: { what: listName(kind, namespace), why: message } };
        }
      }),
    ),
  );
  return {
    carriers: results.flatMap(({ carriers }) => carriers ?? []).sort(byName),
    refused: results.flatMap(({ refused }) => refused ?? []),
  };
}

/**
 * The sources that carry the mark of a workload. Where its record is not whole it may have been
 * marked by upstream Wave, whose marks nothing but the uid shows.
 */
function carriersOf(workload: Workload, carriers: readonly Carrier[]): ReadonlySet<string> {
  const { finalizer, record } = workload.ownership;
  const anyones = finalizer && parseRecord(record)?.complete !== true;
  return new Set(
    carriers.flatMap(({ kind, name, workloads }) =>
      workloads.some(
        ({ uid, ours, released }) => uid === workload.uid && (ours || (anyones && released)),
      )
        ? [recordName({ kind, namespace: '', name })]
        : [],
    ),
  );
}

/**
 * What is left on a source once every workload that answers for its marks is released. The garbage
 * collector removes references to what is gone, so often only the one to kube-system is left.
 */
function leftover(
  { kind, namespace, name, workloads, lastingByUs }: Carrier,
  only: WorkloadName | undefined,
  answeredFor: ReadonlySet<string>,
): TracedSource[] {
  // A pass leaves what upstream Wave wrote, and sees to it that kube-system is an owner beside it.
  const ours = workloads.filter((each) => each.ours || (each.released && lastingByUs));
  const owners = ours.filter(
    (each) =>
      !answeredFor.has(each.uid) &&
      (only === undefined || (each.kind === only.kind && each.name === only.name)),
  );
  const alone = only === undefined && ours.length === 0 && lastingByUs;
  return owners.length > 0 || alone ? [{ kind, namespace, name, owners }] : [];
}
