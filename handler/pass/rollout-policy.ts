import type { FairLimit } from '../../lib/concurrency/fair-limit.ts';
import { WaveCronError } from '../../lib/errors.ts';
import { isApiError } from '../../lib/kubernetes/client/api-error.ts';
import type { Cluster, RevisionScope } from '../../lib/kubernetes/cluster.ts';
import type { AnnotationKeys } from '../../lib/rules/annotations.ts';
import type { Decision } from '../../lib/rules/decide.ts';
import { withinPeriod } from '../../lib/rules/rollout-policy/history.ts';
import type { Policy } from '../../lib/rules/rollout-policy/hold-rule.ts';
import { afterHolds } from '../../lib/rules/rollout-policy/policy.ts';
import {
  maxRevisions,
  type PastRevision,
  pastRevision,
  writesShownBy,
} from '../../lib/rules/rollout-policy/revision-writes.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { durationMs } from '../../lib/text/duration.ts';

export interface RolloutPolicyDeps {
  readonly cluster: Cluster;
  readonly annotationKeys: AnnotationKeys;
  readonly policy: Policy;
  /** By the clock of the API server where that is known. */
  readonly now: () => Date;
  readonly reads: FairLimit;
  readonly signal: AbortSignal;
}

/** What revisions say of earlier writes, or why they could not be read. */
interface Shown {
  readonly writes: readonly number[];
  readonly problem?: string;
}

/** Decides whether hashes may be written now, with what the workload and its revisions say of earlier writes. */
export class RolloutPolicy {
  readonly #deps: RolloutPolicyDeps;
  /** Kinds and namespaces whose revisions the account may not list: not asked for again in this pass. */
  readonly #refused = new Map<string, string>();

  constructor(deps: RolloutPolicyDeps) {
    this.#deps = deps;
  }

  /**
   * The decision, or what holds it back in its place.
   *
   * @throws the reason of the signal
   */
  async apply(workload: Workload, decision: Decision): Promise<Decision> {
    if (decision.hashAnnotations === undefined) return decision;
    const { policy, now } = this.#deps;
    const recorded = workload.history ?? [];
    const { writes: shown, problem } = await this.#writesShown(workload);
    const time = now().getTime();
    const known = (times: readonly number[]): number[] =>
      withinPeriod(times, durationMs(policy.limit.period), time);
    // Both tell of the same writes, and each of them may have lost some.
    const writes = known(shown).length > known(recorded).length ? shown : recorded;
    const after = afterHolds(decision, policy, { now: time, writes });
    if (problem === undefined || after.hashAnnotations === undefined) return after;
    return {
      ...after,
      sentence: `${after.sentence}; how often it was restarted before is unknown: ${problem}`,
    };
  }

  /**
   * What the ReplicaSets or ControllerRevisions say, where the record is not one that wave-cron wrote: a tool
   * may have removed it or put an old one back. Where no hash of ours is there either, a spec that was changed
   * less often than the limit allows cannot have been rolled that often. So an ordinary pass lists none.
   */
  async #writesShown({ kind, namespace, uid, unrecorded }: Workload): Promise<Shown> {
    const { count } = this.#deps.policy.limit;
    if (count === 0 || unrecorded === undefined) return { writes: [] };
    if (!unrecorded.wasRecorded && unrecorded.changes < count) return { writes: [] };
    const { podSelector } = unrecorded;
    // An empty selector would match all of the namespace.
    if (podSelector === '') return { writes: [] };
    return await this.#deps.reads.run(namespace, () =>
      this.#list({ kind, namespace, podSelector }, uid),
    );
  }

  async #list(scope: RevisionScope, uid: string): Promise<Shown> {
    const { cluster, annotationKeys, signal } = this.#deps;
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
      signal.throwIfAborted();
      if (!(error instanceof WaveCronError)) throw error;
      if (isApiError(error, 403)) this.#refused.set(what, error.message);
      return { writes: [], problem: error.message };
    }
  }
}
