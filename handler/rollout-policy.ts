import type { AnnotationNames } from '../lib/annotations.ts';
import type { Decision } from '../lib/decide.ts';
import { WaveCronError } from '../lib/errors.ts';
import type { FairLimit } from '../lib/fair-limit.ts';
import { isApiError } from '../lib/kubernetes/api-error.ts';
import type { Cluster, RevisionScope } from '../lib/kubernetes/cluster.ts';
import { withinPeriod } from '../lib/rollout-policy/history.ts';
import { afterHolds, type Policy } from '../lib/rollout-policy/policy.ts';
import {
  mostRevisions,
  type PastRevision,
  pastRevision,
  writesShownBy,
} from '../lib/rollout-policy/revision-writes.ts';
import { intervalMs } from '../lib/settings/resync-interval.ts';
import type { Workload } from '../lib/workload.ts';

export interface RolloutPolicyMeans {
  readonly cluster: Cluster;
  readonly names: AnnotationNames;
  readonly policy: Policy;
  /** By the clock of the API server where that is known. */
  readonly now: () => Date;
  readonly reads: FairLimit;
  readonly signal: AbortSignal;
}

/** Decides whether hashes may be written now, with what the workload and its revisions say of earlier writes. */
export class RolloutPolicy {
  readonly #means: RolloutPolicyMeans;
  /** Kinds and namespaces whose revisions the account may not list: not asked for again in this pass. */
  readonly #refused = new Set<string>();

  constructor(means: RolloutPolicyMeans) {
    this.#means = means;
  }

  /**
   * The decision, or what holds it back in its place.
   *
   * @throws the reason of the signal
   */
  async apply(workload: Workload, decision: Decision): Promise<Decision> {
    if (decision.stamp === undefined) return decision;
    const { policy, now } = this.#means;
    const recorded = workload.history ?? [];
    const shown = await this.#writesShown(workload);
    const time = now().getTime();
    const known = (times: readonly number[]): number[] =>
      withinPeriod(times, intervalMs(policy.limit.period), time);
    // Both tell of the same writes, and each of them may have lost some.
    const writes = known(shown).length > known(recorded).length ? shown : recorded;
    return afterHolds(decision, policy, { now: time, writes });
  }

  /**
   * What the ReplicaSets or ControllerRevisions say, where the record is not one that wave-cron wrote: a tool
   * may have removed it or put an old one back. Where no hash of ours is there either, a spec that was changed
   * less often than the limit allows cannot have been rolled that often. So an ordinary pass lists none.
   */
  async #writesShown({ kind, namespace, uid, unrecorded }: Workload): Promise<readonly number[]> {
    const { count } = this.#means.policy.limit;
    if (count === 0 || unrecorded === undefined) return [];
    if (!unrecorded.wasRecorded && unrecorded.changes < count) return [];
    const { podSelector } = unrecorded;
    // An empty selector would match all of the namespace.
    if (podSelector === '') return [];
    return await this.#means.reads.run(namespace, async () =>
      writesShownBy(await this.#list({ kind, namespace, podSelector }, uid)),
    );
  }

  /** Nothing where they cannot be read. */
  async #list(scope: RevisionScope, uid: string): Promise<PastRevision[]> {
    const { cluster, names, signal } = this.#means;
    const what = `${scope.kind} ${scope.namespace}`;
    if (this.#refused.has(what)) return [];
    let found: PastRevision[] = [];
    try {
      await cluster.listRevisions(scope, signal, (page, restart) => {
        if (restart) found = [];
        const its = page.filter(({ metadata }) =>
          metadata?.ownerReferences?.some((owner) => owner.uid === uid),
        );
        const room = mostRevisions - found.length;
        found.push(...its.slice(0, room).map((each) => pastRevision(each, names)));
      });
      return found;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof WaveCronError)) throw error;
      if (isApiError(error, 403)) this.#refused.add(what);
      return [];
    }
  }
}
