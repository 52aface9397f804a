import { expectedError } from '../../lib/errors.ts';
import { isApiError } from '../../lib/kubernetes/client/api-error.ts';
import type { RevisionScope } from '../../lib/kubernetes/cluster.ts';
import {
  maxRevisions,
  type PastRevision,
  pastRevision,
  writesShownBy,
} from '../../lib/rules/rollout-policy/revision-writes.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { ReadContext } from '../context.ts';

/** What revisions say of earlier writes, or why they could not be read. */
export interface WritesShown {
  /** In milliseconds since 1970. */
  readonly writes: readonly number[];
  readonly problem?: string;
}

/** What ReplicaSets and ControllerRevisions say of the hashes that were written in a pass before. */
export class RevisionWrites {
  readonly #context: ReadContext;
  /** Kinds and namespaces whose revisions the account may not list: not asked for again in this pass. */
  readonly #refused = new Map<string, string>();

  constructor(context: ReadContext) {
    this.#context = context;
  }

  /**
   * What the revisions say, if the record is not one that wave-cron wrote: a tool may have removed it or put
   * an old one back. If no hash of ours is there either, a spec that was changed less often than the limit
   * allows cannot have been rolled that often. So an ordinary pass lists none.
   *
   * @param fewest how many writes make a difference; 0: none does
   * @throws the reason of the signal
   */
  async of({ kind, namespace, uid, unrecorded }: Workload, fewest: number): Promise<WritesShown> {
    if (fewest === 0 || unrecorded === undefined) return { writes: [] };
    if (!unrecorded.wasRecorded && unrecorded.changes < fewest) return { writes: [] };
    const { podSelector } = unrecorded;
    // An empty selector would match all of the namespace.
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
