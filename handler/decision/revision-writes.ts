import { expectedError } from '../../lib/errors.ts';
import { isApiError } from '../../lib/kubernetes/client/api-error.ts';
import type { RevisionScope } from '../../lib/kubernetes/cluster.ts';
import { workloadEntry } from '../../lib/kubernetes/kinds.ts';
import {
  maxRevisions,
  type PastRevision,
  pastRevision,
  writesShownBy,
} from '../../lib/rules/rollout-policy/revision-writes.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { ReadContext } from '../context.ts';

/** The earlier writes according to the revisions, or why these could not be read. */
export interface WritesShown {
  /** The times of the writes, in milliseconds since 1970. */
  readonly writes: readonly number[];
  readonly problem?: string;
}

/** Finds earlier writes of hashes in ReplicaSets and ControllerRevisions. */
export class RevisionWrites {
  readonly #context: ReadContext;
  /**
   * Kinds and namespaces whose revisions the account may not list. This pass does not try them
   * again.
   */
  readonly #refused = new Map<string, string>();

  constructor(context: ReadContext) {
    this.#context = context;
  }

  /**
   * Reads the revisions only if wave-cron did not write the current record: a tool may have removed
   * it or restored an old one. If the template has no hash of ours either, and its spec changed
   * less often than the limit, it cannot have been rolled too often. So an ordinary pass lists no
   * revisions.
   *
   * @param fewest how many writes make a difference; 0: none does
   * @throws the reason of the signal
   */
  async of(workload: Workload, fewest: number): Promise<WritesShown> {
    const { namespace, unrecorded } = workload;
    const { kind, uid } = workload.runBy ?? workload;
    if (fewest === 0 || unrecorded === undefined) return { writes: [] };
    if (!unrecorded.wasRecorded && unrecorded.changes < fewest) return { writes: [] };
    if (workloadEntry(kind).revisions === undefined) {
      return { writes: [], problem: `wave-cron knows no revisions of a ${kind}` };
    }
    const { podSelector } = unrecorded;
    // An empty selector would match every object in the namespace.
    if (podSelector === '') return { writes: [] };
    return await this.#context.reads.run(namespace, () =>
      this.#list({ kind, namespace, podSelector }, uid),
    );
  }

  async #list(scope: RevisionScope, uid: string): Promise<WritesShown> {
    const { cluster, annotationKeys, signal } = this.#context;
    const what = `${scope.kind} ${scope.namespace}`;
    const refused = this.#refused.get(what);
    if (refused !== undefined) return { writes: [], problem: refused };
    let found: PastRevision[] = [];
    try {
      await cluster.listRevisions(scope, signal, (page, restart) => {
        if (restart) found = [];
        const its = page.filter(({ metadata }) =>
          metadata?.ownerReferences?.some((owner) => owner.uid === uid),
        );
        const room = maxRevisions - found.length;
        found.push(
          ...its.slice(0, room).map((each) => pastRevision(scope.kind, each, annotationKeys)),
        );
      });
      return { writes: writesShownBy(found) };
    } catch (error) {
      const { message } = expectedError(error, signal);
      if (isApiError(error, 403)) this.#refused.set(what, message);
      return { writes: [], problem: message };
    }
  }
}
