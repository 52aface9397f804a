import { expectedError } from '../../lib/errors.ts';
import { isSameKind, sourceKinds } from '../../lib/kubernetes/kinds.ts';
import {
  byName,
  recordName,
  type SourceName,
  type WorkloadName,
} from '../../lib/kubernetes/names.ts';
import {
  type CarriedReference,
  type CarriedReferences,
  carriedReferences,
} from '../../lib/rules/ownership/owner-references.ts';
import { parseRecord } from '../../lib/rules/ownership/record.ts';
import { type ListProblem, listName } from '../../lib/rules/report.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { ListDeps } from '../reading/list.ts';

/** A source with owner references that no remaining workload records. */
export interface TracedSource extends SourceName {
  /**
   * The owners in the references of the source; empty if only the reference to a Namespace is left.
   */
  readonly owners: readonly CarriedReference[];
}

/** A source, and its owner references that a release may have to remove. */
export type Carrier = SourceName & CarriedReferences;

/** Lists the metadata of sources, which needs a permission that a pass does not have. */
export async function searchSources(
  namespaces: readonly (string | undefined)[],
  { cluster, lists, signal }: ListDeps,
): Promise<{ carriers: readonly Carrier[]; refused: readonly ListProblem[] }> {
  const all = namespaces.flatMap((namespace) => sourceKinds.map((kind) => ({ kind, namespace })));
  const results = await Promise.all(
    all.map(({ kind, namespace }) =>
      lists(async () => {
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
 * The sources that have an owner reference to a workload. If its record is incomplete, upstream
 * Wave may have written the references. Only their uid identifies those.
 */
export function carriersOf(workload: Workload, carriers: readonly Carrier[]): ReadonlySet<string> {
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
 * Sources that still have owner references after all workloads with a record are released. The
 * garbage collector removes references to deleted workloads, so in most cases only the reference to
 * kube-system is left.
 */
export function leftover(
  { kind, namespace, name, workloads, lastingByUs }: Carrier,
  only: WorkloadName | undefined,
  answeredFor: ReadonlySet<string>,
): TracedSource[] {
  // A pass does not remove references that upstream Wave wrote, but adds kube-system as another
  // owner.
  const ours = workloads.filter((each) => each.ours || (each.released && lastingByUs));
  const owners = ours.filter(
    (each) =>
      !answeredFor.has(each.uid) &&
      (only === undefined || (isSameKind(each.kind, only.kind) && each.name === only.name)),
  );
  const alone = only === undefined && ours.length === 0 && lastingByUs;
  return owners.length > 0 || alone ? [{ kind, namespace, name, owners }] : [];
}
