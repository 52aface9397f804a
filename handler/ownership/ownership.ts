import { WaveCronError } from '../../lib/errors.ts';
import { isApiError } from '../../lib/kubernetes/client/api-error.ts';
import { isRejection } from '../../lib/kubernetes/client/rejection.ts';
import type { SourceName } from '../../lib/kubernetes/cluster.ts';
import { needsDelete } from '../../lib/kubernetes/owner-reference-trial.ts';
import type { Decision, Readings } from '../../lib/rules/decide.ts';
import { givenUpInWords, wantsFinalizer } from '../../lib/rules/ownership/changes.ts';
import {
  type Owned,
  type OwnershipPlan,
  planOwnership,
  recordAfter,
} from '../../lib/rules/ownership/plan.ts';
import type { OwnedState } from '../../lib/rules/ownership/record.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import type { OwnershipSetting } from '../../lib/settings/schema.ts';
import { shortList } from '../../lib/text/short-list.ts';
import { eachOf } from '../reading/each-of.ts';
import { KubeSystem } from './kube-system.ts';
import { OwnedSources } from './owned-sources.ts';
import {
  OwnerMendable,
  type OwnerReferenceDeps,
  OwnerReferences,
  type RemovalResult,
} from './owner-references.ts';

export interface OwnershipDeps extends OwnerReferenceDeps {
  readonly setting: OwnershipSetting;
}

/** What could not be done. */
export interface Hindrances {
  /** Failures: a missing permission, or no response of the cluster. */
  readonly problems: readonly string[];
  /** What the owner of the workload or the source can fix. */
  readonly warnings: readonly string[];
}

/** What is left to do after stale references are removed. */
export interface Remaining extends Hindrances {
  /** The new ownership state of the workload; undefined: unchanged. */
  readonly owned: OwnedState | undefined;
  /**
   * Sources that get references after the record, and the finalizer if there is one, are written.
   */
  readonly toAdd: readonly Owned[];
  /** The uid of kube-system. */
  readonly lastingUid: string;
  /**
   * Sources whose references another client removed, as in the record. They are counted, because
   * they are put back.
   */
  readonly lost: ReadonlySet<string>;
  readonly removed: readonly string[];
  /** Further notes for its owner. */
  readonly notes: readonly string[];
}

/** How many sources of one workload are handled at once, within the limits of the pass. */
const atOnce = 16;

/**
 * The owner references of a pass. The order of the writes keeps the record correct if a crash
 * occurs between any two: stale references are removed first, while the record still names them.
 * Then the workload gets its record, and the finalizer with `ownership: finalizer`. Then the new
 * references are added. So the record names every source with an owner reference.
 */
export class Ownership {
  readonly #setting: OwnershipSetting;
  readonly #inPass: boolean;
  readonly #kubeSystem: KubeSystem;
  readonly #ownedSources: OwnedSources;
  readonly #references: OwnerReferences;

  constructor({ setting, ...deps }: OwnershipDeps) {
    const { cluster, reads, signal } = deps;
    this.#setting = setting;
    this.#inPass = deps.whose === 'ours';
    this.#kubeSystem = new KubeSystem(cluster, signal, reads);
    this.#ownedSources = new OwnedSources(cluster, signal, reads);
    this.#references = new OwnerReferences(deps, this.#kubeSystem);
  }

  plan(workload: Workload, decision: Decision, readings: Readings): OwnershipPlan | undefined {
    return planOwnership(workload, decision, readings, this.#setting);
  }

  /** Removes stale references. Call it before the workload is patched. */
  async takeAway(workload: Workload, plan: OwnershipPlan): Promise<Remaining> {
    const { namespace } = workload;
    const { owned } = plan;
    const toAdd = [...owned.values()].filter(({ hasReferences }) => !hasReferences);
    let lastingUid = '';
    const stale = new Set(plan.stale);
    const problems: string[] = [];
    const warnings: string[] = givenUpInWords(plan);

    if (toAdd.length > 0) {
      const reading = await this.#kubeSystem.reading();
      if (reading.state !== 'present') {
        const what = labels(toAdd);
        const [list, why] =
          reading.state === 'absent'
            ? [warnings, 'this cluster has no namespace kube-system: set ownership: off']
            : [problems, `namespace kube-system could not be read: ${reading.why}`];
        list.push(`${what} got no owner reference, because ${why}`);
        const nothing = { owned: undefined, toAdd: [], lastingUid, removed: [] };
        return { ...nothing, problems, warnings, lost: plan.lost, notes: plan.notes };
      }
      lastingUid = reading.uid;
    }

    let { complete } = plan;
    if (plan.search) {
      const search = await this.#ownedSources.in(namespace);
      if (search.state === 'found') {
        complete = true;
        for (const label of search.byOwner.get(workload.uid) ?? []) {
          if (!owned.has(label)) stale.add(label);
        }
      } else if (plan.letGo) {
        complete = true;
        warnings.push(letGo(namespace, search.why));
      } else if (owned.size === 0 || plan.finalizer === 'until settled') {
        const release = `run wave-cron release -n ${namespace} with permission to list them, or `;
        warnings.push(notFound(namespace, search.why, this.#inPass ? release : ''));
      }
    }

    const removed: string[] = [];
    const left: string[] = [];
    const stuck: string[] = [];
    await eachOf(stale, atOnce, async (label) => {
      try {
        const done = await this.removeReferences(
          sourceNamed(label, namespace),
          new Set([workload.uid]),
        );
        if (done === 'removed') removed.push(label);
        if (done === 'left') left.push(label);
      } catch (error) {
        if (!(error instanceof WaveCronError)) throw error;
        stuck.push(label);
        const isFault = plan.recordIsOurs || !isApiError(error, 401, 403, 404);
        const list = isFault && !isMendable(error) ? problems : warnings;
        list.push(`its owner reference could not be removed from ${label}: ${inWords(error)}`);
      }
    });
    const named = [...plan.givenUp, ...stuck.sort()];
    const { record, beyond } = recordAfter(owned, named, complete);
    const adding = toAdd.filter((each) => !beyond.has(labels([each])));
    const settled = adding.length === 0 && stuck.length === 0;
    return {
      owned: {
        record,
        finalizer: wantsFinalizer(workload, plan, record, settled),
        keepsPutBack: plan.keepsPutBack,
      },
      toAdd: adding,
      lastingUid,
      lost: plan.lost,
      removed: removed.sort(),
      problems: problems.sort(),
      warnings: warnings.sort(),
      notes: [
        ...plan.notes,
        ...(left.length === 0
          ? []
          : [`${shortList(left.sort())} keeps an owner reference to it that another client wrote`]),
      ],
    };
  }

  /** Adds references. Call it after the workload has its record. */
  async addReferences(
    workload: Workload,
    { toAdd, lastingUid }: Remaining,
  ): Promise<Hindrances & { readonly added: readonly string[] }> {
    const added: string[] = [];
    const problems: string[] = [];
    const warnings: string[] = [];
    await eachOf(toAdd, atOnce, async (source) => {
      const label = labels([source]);
      try {
        if (await this.#references.add(workload, source, lastingUid)) added.push(label);
      } catch (error) {
        if (!(error instanceof WaveCronError)) throw error;
        const list = isMendable(error) ? warnings : problems;
        list.push(`${label} got no owner reference: ${inWords(error)}`);
      }
    });
    return { added: added.sort(), problems: problems.sort(), warnings: warnings.sort() };
  }

  /** As `OwnerReferences.remove`. */
  async removeReferences(
    source: SourceName,
    workloadUids: ReadonlySet<string>,
  ): Promise<RemovalResult> {
    return await this.#references.remove(source, workloadUids);
  }
}

/**
 * Whether anybody who may write to the source can cause this: it changes all the time, or it is so
 * large or invalid that updates are rejected.
 */
function isMendable(error: WaveCronError): boolean {
  return error instanceof OwnerMendable || isApiError(error, 409) || isRejection(error);
}

function labels(sources: readonly { readonly kind: string; readonly name: string }[]): string {
  return shortList(sources.map(({ kind, name }) => `${kind}/${name}`));
}

/** @param label as in a record */
export function sourceNamed(label: string, namespace: string): SourceName {
  const slash = label.indexOf('/');
  const kind = label.slice(0, slash) === 'Secret' ? 'Secret' : 'ConfigMap';
  return { kind, namespace, name: label.slice(slash + 1) };
}

/**
 * @param why undefined if it was not tried, but will be denied
 * @param instead an alternative to granting the permission
 */
export function notFound(namespace: string, why?: string, instead = ''): string {
  const refusal = why === undefined ? '' : `: ${why}`;
  return `no record says which ConfigMaps and Secrets have its owner reference, and they could not be listed${refusal}; ${instead}grant list on configmaps and secrets of namespace ${namespace}; until then the finalizer stays`;
}

function letGo(namespace: string, why: string): string {
  return `no record says which ConfigMaps and Secrets have its owner reference, and they could not be listed: ${why}; only the sources in its template were checked, and the finalizer was removed; before you delete another such workload, run wave-cron release -n ${namespace} with permission to list them`;
}

function inWords(error: WaveCronError): string {
  const { message } = error;
  return needsDelete(error)
    ? `${message}; this cluster requires the permission to delete an object for setting its owner references: grant delete on it, or set ownership: off`
    : message;
}
