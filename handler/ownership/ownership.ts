import { expectedError, type WaveCronError } from '../../lib/errors.ts';
import { isApiError } from '../../lib/kubernetes/client/api-error.ts';
import { isRejection } from '../../lib/kubernetes/client/rejection.ts';
import { allSources, sourceResources } from '../../lib/kubernetes/kinds.ts';
import { kindAndName, type SourceName, sourceNamed } from '../../lib/kubernetes/names.ts';
import { needsDelete } from '../../lib/kubernetes/owner-reference-trial.ts';
import { givenUpInWords, wantsFinalizer } from '../../lib/rules/ownership/changes.ts';
import type { Whose } from '../../lib/rules/ownership/owner-references.ts';
import { type Owned, type OwnershipPlan, recordAfter } from '../../lib/rules/ownership/plan.ts';
import type { OwnedState } from '../../lib/rules/ownership/record.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { shortList } from '../../lib/text/short-list.ts';
import type { PassContext } from '../context.ts';
import { eachOf } from '../reading/each-of.ts';
import { type KubeSystemReading, kubeSystemReader } from './kube-system.ts';
import { OwnedSources } from './owned-sources.ts';
import { OwnerMendable, OwnerReferences, type RemovalResult } from './owner-references.ts';

/** The problems with owner references. */
export interface Hindrances {
  /** Failures: a missing permission, or no response of the cluster. */
  readonly problems: readonly string[];
  /** Problems that the owner of the workload or the source can fix. */
  readonly warnings: readonly string[];
}

/** The remaining work after stale references were removed. */
export interface Remaining extends Hindrances {
  /** The new ownership state of the workload; undefined: unchanged. */
  readonly owned: OwnedState | undefined;
  /**
   * The sources to which references are added after the record, and with `finalizer` the finalizer,
   * were written.
   */
  readonly toAdd: readonly Owned[];
  /** The uid of kube-system. */
  readonly lastingUid: string;
  /**
   * Sources whose references another client removed, named as in the record. The references are put
   * back, and that is counted.
   */
  readonly lost: ReadonlySet<string>;
  readonly removed: readonly string[];
  /** Further notes for the owner of the workload. */
  readonly notes: readonly string[];
}

/** The lists of `Hindrances` while they are filled. */
type Found = { readonly [list in keyof Hindrances]: string[] };

/** The result for the stale references. Each list contains names of sources as in the record. */
interface Removal {
  readonly removed: string[];
  /** Sources on which a reference stays, because another client wrote the reference. */
  readonly left: string[];
  readonly stuck: string[];
}

/**
 * The number of sources of one workload that are changed at once. The limits of the pass apply too.
 */
const atOnce = 16;

/**
 * Changes the owner references of a pass or a release, in three writes. First, `removeStale`
 * removes stale references, while the record still names their sources. Then the caller writes the
 * record to the workload and, with `ownership: finalizer`, the finalizer. Then `addReferences` adds
 * the new references. With this order, even after a crash between two writes, the record names
 * every source that has a reference.
 */
export class Ownership {
  readonly #inPass: boolean;
  readonly #kubeSystem: () => Promise<KubeSystemReading>;
  readonly #ownedSources: OwnedSources;
  readonly #references: OwnerReferences;

  /** @param whose selects the references to remove by their writers: `ours` in a pass */
  constructor(context: PassContext, whose: Whose) {
    this.#inPass = whose === 'ours';
    this.#kubeSystem = kubeSystemReader(context);
    this.#ownedSources = new OwnedSources(context);
    this.#references = new OwnerReferences(context, whose, this.#kubeSystem);
  }

  /** Removes stale references. Call it before the workload is patched. */
  async removeStale(workload: Workload, plan: OwnershipPlan): Promise<Remaining> {
    const found: Found = { problems: [], warnings: givenUpInWords(plan) };
    const missing = [...plan.owned.values()].filter(({ hasReferences }) => !hasReferences);
    const lastingUid = missing.length === 0 ? '' : await this.#lastingUid(missing, found);
    if (lastingUid === undefined) {
      const nothing = { owned: undefined, toAdd: [], lastingUid: '', removed: [] };
      return { ...nothing, ...found, lost: plan.lost, notes: plan.notes };
    }
    const { complete, carriers } = await this.#searched(workload, plan, found);
    const stale = plan.stale.union(carriers);
    const { removed, left, stuck } = await this.#removeAll(workload, stale, plan, found);
    const named = [...plan.givenUp, ...stuck];
    const { record, beyond } = recordAfter(plan.owned, named, complete);
    const toAdd = missing.filter((each) => !beyond.has(labels([each])));
    const settled = toAdd.length === 0 && stuck.length === 0;
    const finalizer = wantsFinalizer(workload, plan, record, settled);
    return {
      owned: { record, finalizer, keepsPutBack: plan.keepsPutBack },
      ...{ toAdd, lastingUid, removed, lost: plan.lost },
      problems: found.problems.sort(),
      warnings: found.warnings.sort(),
      notes: left.length === 0 ? plan.notes : [...plan.notes, keepsOthers(left)],
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
        const expected = expectedError(error);
        const list = isMendable(expected) ? warnings : problems;
        list.push(`${label} got no owner reference: ${inWords(expected)}`);
      }
    });
    return { added: added.sort(), problems: problems.sort(), warnings: warnings.sort() };
  }

  /** See `OwnerReferences.remove`. */
  async removeReferences(
    source: SourceName,
    workloadUids: ReadonlySet<string>,
  ): Promise<RemovalResult> {
    return await this.#references.remove(source, workloadUids);
  }

  /** The uid of kube-system; undefined if it is unknown. Then no reference can be added. */
  async #lastingUid(missing: readonly Owned[], found: Found): Promise<string | undefined> {
    const reading = await this.#kubeSystem();
    if (reading.state === 'present') return reading.uid;
    const [list, why] =
      reading.state === 'absent'
        ? [found.warnings, 'this cluster has no namespace kube-system: set ownership: off']
        : [found.problems, `namespace kube-system could not be read: ${reading.why}`];
    list.push(`${labels(missing)} got no owner reference, because ${why}`);
    return undefined;
  }

  /**
   * @returns `complete`: whether all sources with a reference to the workload are known;
   * `carriers`: the sources that have a reference but should not
   */
  async #searched(
    { namespace, uid }: Workload,
    { search, complete, letGo, owned, finalizer }: OwnershipPlan,
    { warnings }: Found,
  ): Promise<{ complete: boolean; carriers: ReadonlySet<string> }> {
    const none = new Set<string>();
    if (!search) return { complete, carriers: none };
    const searched = await this.#ownedSources.in(namespace);
    if (searched.state === 'found') {
      const carriers = searched.byOwner.get(uid) ?? none;
      return { complete: true, carriers: carriers.difference(owned) };
    }
    if (letGo) {
      warnings.push(wasLetGo(namespace, searched.why));
      return { complete: true, carriers: none };
    }
    if (owned.size === 0 || finalizer === 'until settled') {
      const release = `run wave-cron release -n ${namespace} with permission to list them, or `;
      warnings.push(notFound(namespace, searched.why, this.#inPass ? release : ''));
    }
    return { complete, carriers: none };
  }

  async #removeAll(
    { namespace, uid }: Workload,
    stale: ReadonlySet<string>,
    { recordIsOurs }: OwnershipPlan,
    { problems, warnings }: Found,
  ): Promise<Removal> {
    const removal: Removal = { removed: [], left: [], stuck: [] };
    await eachOf(stale, atOnce, async (label) => {
      try {
        const done = await this.removeReferences(sourceNamed(label, namespace), new Set([uid]));
        if (done === 'removed') removal.removed.push(label);
        if (done === 'left') removal.left.push(label);
      } catch (error) {
        const expected = expectedError(error);
        removal.stuck.push(label);
        const isFault = recordIsOurs || !isApiError(expected, 401, 403, 404);
        const list = isFault && !isMendable(expected) ? problems : warnings;
        list.push(`its owner reference could not be removed from ${label}: ${inWords(expected)}`);
      }
    });
    for (const list of Object.values(removal)) list.sort();
    return removal;
  }
}

function keepsOthers(left: readonly string[]): string {
  return `${shortList(left)} keeps an owner reference to it that another client wrote`;
}

/**
 * Whether a client that may write to the source can cause this error. It can change the source all
 * the time, or make the source so large or invalid that updates are rejected.
 */
function isMendable(error: WaveCronError): boolean {
  return error instanceof OwnerMendable || isApiError(error, 409) || isRejection(error);
}

function labels(sources: readonly { readonly kind: string; readonly name: string }[]): string {
  return shortList(sources.map(kindAndName));
}

/**
 * @param why the error of the list; undefined if no list was requested because it would be denied
 * @param instead an alternative to granting the permission
 */
export function notFound(namespace: string, why?: string, instead = ''): string {
  const refusal = why === undefined ? '' : `: ${why}`;
  return `no record says which ${allSources} have its owner reference, and they could not be listed${refusal}; ${instead}grant list on ${sourceResources} of namespace ${namespace}; until then the finalizer stays`;
}

function wasLetGo(namespace: string, why: string): string {
  return `no record says which ${allSources} have its owner reference, and they could not be listed: ${why}; only the sources in its template were checked, and the finalizer was removed; before you delete another such workload, run wave-cron release -n ${namespace} with permission to list them`;
}

function inWords(error: WaveCronError): string {
  const { message } = error;
  return needsDelete(error)
    ? `${message}; this cluster requires the permission to delete an object for setting its owner references: grant delete on it, or set ownership: off`
    : message;
}
