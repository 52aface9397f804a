import pLimit, { type LimitFunction } from 'p-limit';
import type { Clock } from '../lib/clock.ts';
import type { Decision, Readings } from '../lib/decide.ts';
import { WaveCronError } from '../lib/errors.ts';
import { isAbsent, isApiError } from '../lib/kubernetes/api-error.ts';
import type { Cluster, SourceName } from '../lib/kubernetes/cluster.ts';
import { needsDelete } from '../lib/kubernetes/owner-reference-trial.ts';
import { markPatch, ownersOf, unmarkPatch } from '../lib/ownership/marks.ts';
import { type Owned, type OwnershipPlan, planOwnership } from '../lib/ownership/plan.ts';
import type { OwnedRecord } from '../lib/ownership/record.ts';
import { sourceKey } from '../lib/references.ts';
import type { Workload } from '../lib/workload.ts';
import { pauseMs, tries } from './conflicts.ts';
import { MarkedSources } from './marked-sources.ts';
import { Namespaces } from './namespaces.ts';

export interface OwnershipMeans {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly setting: 'on' | 'off';
  /** Limits how many writes are under way. */
  readonly limit: LimitFunction;
  /** Throws PassStopped where no write may begin any more. */
  readonly beforeWrite: () => void;
  /** Aborted where reads are to end and writes under way are to be the last. */
  readonly signal: AbortSignal;
}

/** What is left to do once everything stale is gone. */
export interface Remaining {
  /** What the workload's record may say from now on; undefined where it is to be left alone. */
  readonly record: OwnedRecord | undefined;
  /** To be marked once the record and the finalizer are there. */
  readonly toMark: readonly Owned[];
  readonly namespaceUid: string;
  readonly unmarked: readonly string[];
  readonly problems: readonly string[];
}

/**
 * The marks of a pass. The order of the three writes is what a crash between any two of them
 * relies on: marks that are stale go first, while the record still names them; then the workload
 * gets record and finalizer; then the new marks are put on. So whatever carries a mark is named by
 * the record, and nothing carries one while the finalizer is missing.
 */
export class Ownership {
  readonly #means: OwnershipMeans;
  readonly #namespaces: Namespaces;
  readonly #marked: MarkedSources;
  readonly #turns = new Map<string, LimitFunction>();

  constructor(means: OwnershipMeans) {
    this.#means = means;
    this.#namespaces = new Namespaces(means.cluster, means.signal);
    this.#marked = new MarkedSources(means.cluster, means.signal);
  }

  plan(workload: Workload, decision: Decision, readings: Readings): OwnershipPlan | undefined {
    return planOwnership(workload, decision, readings, this.#means.setting);
  }

  /** Takes stale marks away. To be done before the workload is patched. */
  async takeAway(workload: Workload, plan: OwnershipPlan): Promise<Remaining> {
    const { namespace } = workload;
    let { owned } = plan;
    let toMark = [...owned.values()].filter(({ marked }) => !marked);
    let namespaceUid = '';
    const stale = new Set(plan.stale);
    const problems: string[] = [];

    if (toMark.length > 0) {
      const reading = await this.#namespaces.of(namespace);
      if (reading.state === 'unreadable') {
        return {
          record: undefined,
          toMark: [],
          namespaceUid,
          unmarked: [],
          problems: [
            `${labels(toMark)} could not be marked, since namespace ${namespace} could not be read: ${reading.why}`,
          ],
        };
      }
      if (reading.state === 'active') {
        namespaceUid = reading.uid;
      } else {
        // A namespace that ends takes everything with it, and would wait for our finalizer.
        for (const label of plan.owned.keys()) stale.add(label);
        owned = new Map();
        toMark = [];
      }
    }

    let { complete } = plan;
    if (plan.search) {
      const search = await this.#marked.in(namespace);
      if (search.state === 'found') {
        complete = true;
        for (const label of search.byOwner.get(workload.uid) ?? []) {
          if (!owned.has(label)) stale.add(label);
        }
      } else if (owned.size === 0) {
        problems.push(notFound(namespace, search.why));
      }
    }

    const unmarked: string[] = [];
    const stuck: string[] = [];
    await Promise.all(
      [...stale].map(async (label) => {
        try {
          const source = sourceNamed(label, namespace);
          if (await this.unmark(source, new Set([workload.uid]))) unmarked.push(label);
        } catch (error) {
          if (!(error instanceof WaveCronError)) throw error;
          stuck.push(label);
          problems.push(`its mark could not be taken off ${label}: ${inWords(error)}`);
        }
      }),
    );
    const names = new Set([...owned.keys(), ...stuck]);
    return {
      record: { names, complete },
      toMark,
      namespaceUid,
      unmarked: unmarked.sort(),
      problems,
    };
  }

  /** Puts marks on. To be done after the workload has record and finalizer. */
  async mark(
    workload: Workload,
    { toMark, namespaceUid }: Remaining,
  ): Promise<{ marked: string[]; problems: string[] }> {
    const marked: string[] = [];
    const problems: string[] = [];
    await Promise.all(
      toMark.map(async (source) => {
        try {
          if (await this.#mark(workload, source, namespaceUid)) marked.push(labels([source]));
        } catch (error) {
          if (!(error instanceof WaveCronError)) throw error;
          problems.push(`${labels([source])} could not be marked: ${inWords(error)}`);
        }
      }),
    );
    return { marked: marked.sort(), problems };
  }

  /**
   * Takes the references to these workloads off a source, and with the last of ours the one to the
   * namespace. Whether anything was there to take off.
   */
  async unmark(source: SourceName, workloadUids: ReadonlySet<string>): Promise<boolean> {
    return await this.#withTries(source, async () => {
      const { cluster, signal } = this.#means;
      const metadata = await cluster.getSourceMetadata(source, signal);
      const patch = unmarkPatch(metadata, workloadUids);
      if (patch === undefined) return false;
      await this.#write(source, patch);
      return true;
    });
  }

  /** False where the source is gone. */
  async #mark(workload: Workload, owned: Owned, namespaceUid: string): Promise<boolean> {
    const source = { kind: owned.kind, namespace: workload.namespace, name: owned.name };
    return await this.#withTries(source, async (attempt) => {
      let { uid, owners } = owned;
      if (attempt > 1) {
        const { cluster, signal } = this.#means;
        const metadata = await cluster.getSourceMetadata(source, signal);
        uid = metadata.uid ?? '';
        owners = ownersOf(metadata);
      }
      await this.#write(source, markPatch({ uid, owners }, workload, namespaceUid));
      return true;
    });
  }

  async #write(source: SourceName, patch: object): Promise<void> {
    const { cluster, limit, beforeWrite, signal } = this.#means;
    await limit(() => {
      beforeWrite();
      const call = { beforeTry: beforeWrite, lastTry: signal };
      return cluster.patchSource(source, patch, call);
    });
  }

  /**
   * Again after a conflict, since somebody else wrote to the source or made it anew. One at a time
   * for each source: the workloads that share it would else be in conflict with each other.
   */
  #withTries(source: SourceName, attempt: (number: number) => Promise<boolean>): Promise<boolean> {
    const key = sourceKey(source);
    const turn = this.#turns.get(key) ?? pLimit(1);
    this.#turns.set(key, turn);
    return turn(() => this.#tryAgain(source, attempt));
  }

  async #tryAgain(
    { name }: SourceName,
    attempt: (number: number) => Promise<boolean>,
  ): Promise<boolean> {
    const { clock, signal } = this.#means;
    for (let number = 1; ; number += 1) {
      try {
        return await attempt(number);
      } catch (error) {
        if (isAbsent(error, name)) return false;
        if (!isApiError(error, 409) || number === tries) throw error;
        await clock.sleep(pauseMs(number), signal);
      }
    }
  }
}

function labels(sources: readonly { readonly kind: string; readonly name: string }[]): string {
  return sources.map(({ kind, name }) => `${kind}/${name}`).join(', ');
}

/** @param label as in a record */
export function sourceNamed(label: string, namespace: string): SourceName {
  const slash = label.indexOf('/');
  const kind = label.slice(0, slash) === 'Secret' ? 'Secret' : 'ConfigMap';
  return { kind, namespace, name: label.slice(slash + 1) };
}

/** @param why undefined where it is not asked yet, but will be refused */
export function notFound(namespace: string, why?: string): string {
  const refusal = why === undefined ? '' : `: ${why}`;
  return `which ConfigMaps and Secrets carry its mark is not recorded, and they could not be listed${refusal}; grant list on configmaps and secrets of namespace ${namespace}, until then the finalizer stays`;
}

function inWords(error: WaveCronError): string {
  const { message } = error;
  return needsDelete(error)
    ? `${message}; this cluster lets only those set owner references who may delete the object: grant delete on it, or set ownership: off`
    : message;
}
