import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import type { HashKeys } from '../../lib/rules/hash/hash-keys.ts';
import { plannedOutcome, unhandledOutcome } from '../../lib/rules/outcome.ts';
import { isHeavy } from '../../lib/rules/sketch.ts';
import type { SourcesSeen } from '../../lib/rules/sources-seen.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { PassContext } from '../context.ts';
import { type DecisionDeps, decideWorkload } from '../decision/decide-workload.ts';
import type { PolicyDeps } from '../decision/within-policy.ts';
import type { Ownership } from '../ownership/ownership.ts';
import { readAgain } from '../reading/read-again.ts';
import type { Sources } from '../reading/sources.ts';
import type { KeepRead } from '../reading/workload-list.ts';
import { type Applied, apply, postponedOf } from './apply.ts';

/** The dependencies of handling a workload, in addition to the context of the pass. */
export interface HandlerDeps {
  /** False for a plan. */
  readonly write: boolean;
  readonly keep: KeepRead;
  readonly ownership: Ownership;
  readonly sources: Sources;
  readonly keys: HashKeys;
  readonly decision: Omit<DecisionDeps, 'sources' | 'place'>;
  /** Called when a workload is read of which only a sketch was known. */
  readonly onWhole: (workload: Workload) => void;
  /** Called before a decision, with the sources that were read for it. */
  readonly onSources: (workload: Workload, seen: SourcesSeen) => void;
}

/** Reads the sources of a workload, decides, and applies the decision. */
export class WorkloadHandler {
  readonly #deps: HandlerDeps;
  readonly #context: PassContext;

  constructor(deps: HandlerDeps, context: PassContext) {
    this.#deps = deps;
    this.#context = context;
  }

  /**
   * @param place whether it may start its rollout
   * @param beforeHeavy awaited before a step that takes much time or memory
   * @throws if the pass is cut short
   */
  async handle(
    workload: Workload,
    place: PolicyDeps['place'],
    beforeHeavy: () => Promise<void>,
  ): Promise<Applied> {
    const { sources, keep, onWhole } = this.#deps;
    let whole = workload;
    try {
      this.#context.gate.assertMayWrite();
      if (isHeavy(workload)) await beforeHeavy();
      if (workload.isSketch !== undefined) {
        const keepIts = (object: WorkloadObject) => keep(workload.kind, object);
        const read = await readAgain(workload, keepIts, 'it could not be read', this.#context);
        if ('reason' in read) return { workload, outcome: unhandledOutcome(workload, read) };
        whole = read;
        sources.add(whole);
        onWhole(whole);
        if (isHeavy(whole)) await beforeHeavy();
      }
      return await this.#decideAndApply(whole, place, beforeHeavy);
    } finally {
      sources.release(whole);
    }
  }

  async #decideAndApply(
    workload: Workload,
    place: PolicyDeps['place'],
    beforeHeavy: () => Promise<void>,
  ): Promise<Applied> {
    const { write, keep, ownership, sources, keys, decision, onSources } = this.#deps;
    const deps = {
      ...decision,
      place,
      sources: async (of: Workload) => {
        const seen = await sources.of(of, keys, beforeHeavy);
        onSources(of, seen);
        return seen;
      },
    };
    const decide = (of: Workload) => decideWorkload(of, deps);
    if (!write) {
      const decision = await decide(workload);
      const postponed = postponedOf(workload, decision);
      return {
        ...{ workload, outcome: plannedOutcome(workload, decision) },
        ...(decision.start === undefined ? {} : { started: decision.start.given }),
        ...(postponed === undefined ? {} : { postponed }),
      };
    }
    const keepIts = (object: WorkloadObject) => keep(workload.kind, object);
    return await apply(workload, { ownership, decide, keep: keepIts }, this.#context);
  }
}
