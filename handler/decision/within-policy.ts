import { healthy } from '../../lib/kubernetes/kinds.ts';
import type { Proposal } from '../../lib/rules/decision.ts';
import { restartTime } from '../../lib/rules/restart-in-place.ts';
import type { PolicyNames } from '../../lib/rules/rollout-policy/facts.ts';
import { type Given, givenAfter, sourceVersions } from '../../lib/rules/rollout-policy/given.ts';
import type { Change, Hold } from '../../lib/rules/rollout-policy/hold.ts';
import {
  holdByWrites,
  holdNow,
  holdWithoutNamespace,
  type NamespaceReading,
  type Policy,
  passesAllHolds,
  policyOf,
} from '../../lib/rules/rollout-policy/holds.ts';
import { heldSince, pendingToWrite } from '../../lib/rules/rollout-policy/pending.ts';
import {
  heldProposal,
  knownWrites,
  startedProposal,
} from '../../lib/rules/rollout-policy/policy.ts';
import type { RolloutRules } from '../../lib/rules/rollout-policy/policy-settings.ts';
import {
  type Candidate,
  mostOrdered,
  type Wait,
} from '../../lib/rules/rollout-policy/queue-state.ts';
import { queued } from '../../lib/rules/rollout-policy/queued.ts';
import { orderOf } from '../../lib/rules/rollout-policy/rollout-order.ts';
import { newestWrite } from '../../lib/rules/rollout-policy/settling.ts';
import { failureOf, type Witness } from '../../lib/rules/rollout-policy/stopped-by-failure.ts';
import type { SourcesSeen } from '../../lib/rules/sources-seen.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { referencesOf } from '../reading/wanted.ts';
import type { RevisionWrites } from './revision-writes.ts';

/** The answer of the queue for a workload that no other rule holds. */
export type Place =
  /**
   * @param note a clause that names the workloads of a lower order for which the workload does not
   * wait
   */
  | { readonly kind: 'start'; readonly note?: string }
  | { readonly kind: 'wait'; readonly wait: Wait }
  /** The pass must decide about other workloads first. */
  | { readonly kind: 'later' };

/** The facts that the rollout policy needs. Passes, plans and explanations get them in different ways. */
export interface PolicyDeps {
  readonly revisions: RevisionWrites;
  readonly policy: PolicyRules;
  /** The rollout annotations of a namespace. */
  readonly namespace: (name: string) => Promise<NamespaceReading>;
  /** The workloads of a namespace with an unfinished rollout that wave-cron started. */
  readonly witnesses: (namespace: string) => Promise<readonly Witness[]>;
  readonly place: (candidate: Candidate) => Place | Promise<Place>;
  /** The time of the API server, or the local time if the time of the API server is not known. */
  readonly now: () => Date;
}

export interface PolicyRules {
  readonly rules: RolloutRules;
  readonly names: PolicyNames;
}

/**
 * Applies the rollout policy to a proposal that writes a hash. If the policy allows the rollout,
 * the result writes the hash and the record of the rollout. Otherwise, the result is held and
 * writes only `/pending-config`.
 *
 * @throws what the functions of `deps` throw
 */
export async function withinPolicy(
  workload: Workload,
  seen: SourcesSeen,
  proposal: Proposal,
  deps: PolicyDeps,
): Promise<Proposal> {
  return await new PolicyCheck(workload, seen, proposal, deps).run();
}

class PolicyCheck {
  readonly #workload: Workload;
  readonly #seen: SourcesSeen;
  readonly #proposal: Proposal;
  readonly #deps: PolicyDeps;
  readonly #change: Change;
  readonly #now: number;

  constructor(workload: Workload, seen: SourcesSeen, proposal: Proposal, deps: PolicyDeps) {
    this.#workload = workload;
    this.#seen = seen;
    this.#proposal = proposal;
    this.#deps = deps;
    const { now, earlier } = seen.hashes;
    const hashes = [now.hash, ...earlier.map(({ hash }) => hash)] as const;
    this.#change = { workload, changed: changedOf(proposal), hashes };
    this.#now = deps.now().getTime();
  }

  async run(): Promise<Proposal> {
    const { rules, names } = this.#deps.policy;
    const { rollouts } = this.#workload;
    if (passesAllHolds(this.#change, rollouts.now)) {
      return this.#start(
        await this.#writes(undefined),
        `${names.rolloutNow} lets it pass all holds`,
      );
    }
    const first = holdWithoutNamespace(this.#change, rules, rollouts, names, this.#now);
    if (first !== undefined) return this.#hold(first);
    const namespace = await this.#deps.namespace(this.#workload.namespace);
    const found = policyOf(this.#change, rules, namespace, rollouts, names);
    if ('hold' in found) return this.#hold(found.hold);
    return await this.#within(found.policy);
  }

  async #within(policy: Policy): Promise<Proposal> {
    const hold = holdNow(this.#change, policy, {
      ...{ now: this.#now, since: this.#since, approved: this.#workload.rollouts.approved },
      newest: newestWrite(this.#workload.namespace, this.#references, this.#seen.readings),
      failure: await this.#failure(),
    });
    if (hold !== undefined) return this.#hold(hold);
    const writes = await this.#writes(policy);
    const byWrites = holdByWrites(this.#change, policy, { now: this.#now, writes: writes.known });
    if (byWrites !== undefined) return this.#hold(byWrites, writes.note);
    return await this.#inPlace(writes);
  }

  async #inPlace(writes: Writes): Promise<Proposal> {
    const candidate = this.#candidate();
    const place = await this.#deps.place(candidate);
    if (place.kind === 'start') return this.#start(writes, place.note);
    const wait = place.kind === 'wait' ? place.wait : notAsked;
    const hold = queued(this.#change, {}, { wait });
    if (hold === undefined) return this.#start(writes, undefined);
    const proposal = this.#hold(hold, writes.note);
    const { held } = proposal;
    return place.kind === 'wait' || held === undefined
      ? proposal
      : { ...proposal, held: { ...held, candidate } };
  }

  #candidate(): Candidate {
    const { kind, namespace, name, rollouts } = this.#workload;
    return {
      ...{ kind, namespace, name, since: this.#since },
      order: orderOf(rollouts.order),
      gets: new Map([...this.#versions(this.#proposal.changed)].slice(0, mostOrdered)),
    };
  }

  #start({ known, note }: Writes, more: string | undefined): Proposal {
    const { limit } = this.#deps.policy.rules;
    const given = this.#given();
    const proposal = startedProposal(this.#proposal, limit, {
      now: this.#now,
      writes: known,
      given,
    });
    const notes = [more, note].filter((each) => each !== undefined);
    return this.#restarting({ ...proposal, notes: [...proposal.notes, ...notes] });
  }

  #restarting(proposal: Proposal): Proposal {
    const { restartsInPlace, clockToleranceMs } = this.#workload;
    if (!restartsInPlace || proposal.start === undefined) return proposal;
    const restartAt = restartTime(this.#now, clockToleranceMs);
    return { ...proposal, start: { ...proposal.start, restartAt } };
  }

  #hold(hold: Hold, note?: string): Proposal {
    const { keyId, hash } = this.#seen.hashes.now;
    const present = this.#workload.rollouts.pending;
    const pending = pendingToWrite(present, { hash, keyId, reason: hold.reason }, this.#now);
    const { changed } = this.#change;
    const proposal = heldProposal({ ...this.#proposal, changed }, hold, {
      since: this.#since,
      ...(hold.until === undefined ? {} : { until: hold.until }),
      ...(pending === undefined ? {} : { pending }),
    });
    return note === undefined ? proposal : { ...proposal, notes: [...proposal.notes, note] };
  }

  get #since(): number {
    return heldSince(this.#workload.rollouts.pending, this.#now);
  }

  get #references() {
    return referencesOf(this.#workload);
  }

  #versions(changed: readonly string[]) {
    const { namespace } = this.#workload;
    return sourceVersions(namespace, this.#references, this.#seen.readings, changed);
  }

  async #failure() {
    const { onFailure, limits } = this.#deps.policy.rules;
    if (onFailure === 'continue') return undefined;
    const { namespace, rollouts } = this.#workload;
    const witnesses = await this.#deps.witnesses(namespace);
    if (witnesses.length === 0) return undefined;
    const own: Given = rollouts.underWay?.given ?? new Map();
    const versions = this.#versions(this.#proposal.changed);
    const { progressDeadlineMs } = limits;
    return failureOf(this.#workload, own, versions, witnesses, this.#now, progressDeadlineMs);
  }

  /** The versions of sources that are on trial after the hash is written. */
  #given(): Given {
    const { underWay, isHealthy } = this.#workload.rollouts;
    const rollout = underWay ?? (isHealthy ? { startedAt: 0, state: healthy } : undefined);
    if (rollout === undefined) return new Map();
    const versions = { all: this.#versions([]), changed: this.#versions(this.#proposal.changed) };
    const { progressDeadlineMs } = this.#deps.policy.rules.limits;
    return givenAfter(
      underWay?.given ?? new Map(),
      rollout,
      versions,
      this.#now,
      progressDeadlineMs,
    );
  }

  /** @param policy undefined if the workload passes all holds */
  async #writes(policy: Policy | undefined): Promise<Writes> {
    const { history = [] } = this.#workload;
    const { rules } = this.#deps.policy;
    const fewest = policy?.cooldown === undefined ? rules.limit.count : 1;
    const shown = await this.#deps.revisions.of(this.#workload, fewest);
    const known = knownWrites(history, shown.writes, rules.limit, this.#now);
    return shown.problem === undefined
      ? { known }
      : { known, note: `how often it was restarted before is unknown: ${shown.problem}` };
  }
}

/**
 * Empty for a workload that has no hash yet: its sources have not changed, because all of them are
 * new to it.
 */
function changedOf({ reason, changed }: Proposal): readonly string[] {
  return reason === 'FirstSeen' ? [] : changed;
}

/** The known times of earlier hashes. */
interface Writes {
  /** The known times of earlier writes, in milliseconds since 1970. */
  readonly known: readonly number[];
  /** A clause that says why some times are not known; absent if all are known. */
  readonly note?: string;
}

const notAsked: Wait = {
  why: 'the pass has to decide about the other workloads first',
  end: 'it has a place',
};
