import { type WorkloadName, workloadKey } from '../../lib/kubernetes/names.ts';
import type { ObjectMeta } from '../../lib/kubernetes/objects.ts';
import type { AnnotationKeys } from '../../lib/rules/annotations.ts';
import { matchesPattern, type SourcePattern } from '../../lib/rules/name-pattern.ts';
import { ownerAnnotations } from '../../lib/rules/owner-annotations.ts';
import { sourceKey } from '../../lib/rules/references.ts';
import type { Workload } from '../../lib/rules/workload.ts';
import { referencesOf } from '../reading/wanted.ts';

/** The facts about an opted-in workload from its last read or write. */
export interface Entry extends WorkloadName {
  /**
   * The uid of the workload. It distinguishes the workload from an earlier workload with the same
   * name, which may have had the same generation.
   */
  readonly uid: string | undefined;
  /** The generation of the version that was last read or written. */
  readonly generation: number;
  /** See `ownerAnnotations`. */
  readonly owner: string;
  /** The sources that the workload uses, as keys from `sourceKey`. */
  readonly sources: readonly string[];
  /** Present if the annotations of the workload contain patterns for sources of its namespace. */
  readonly patterns?: readonly SourcePattern[];
  /** Whether the workload had an unfinished rollout with versions on trial. */
  readonly isUnderWay: boolean;
  readonly hasOrder: boolean;
  /** The time at which the hold of the workload ends, in milliseconds since 1970. */
  readonly heldUntil?: number;
}

/**
 * Maps sources to the opted-in workloads that use them, by names only, as passes read them. Each full pass
 * replaces the content.
 */
export class ReferenceIndex {
  readonly #keys: AnnotationKeys;
  readonly #entries = new Map<string, Entry>();
  readonly #bySource = new Map<string, Set<string>>();
  /** The workloads with patterns. */
  readonly #withPatterns = new Set<string>();
  /** The workloads that the running full pass has read. */
  #read: Set<string> | undefined;

  constructor(keys: AnnotationKeys) {
    this.#keys = keys;
  }

  get workloads(): number {
    return this.#entries.size;
  }

  get sources(): number {
    return this.#bySource.size;
  }

  /** Must be called when a full pass begins. */
  begin(): void {
    this.#read = new Set();
  }

  /**
   * Must be called when a full pass has ended. If the pass listed everything, the index forgets workloads that
   * the pass did not read.
   */
  end(listedAll: boolean): void {
    const read = this.#read;
    this.#read = undefined;
    if (read === undefined || !listedAll) return;
    for (const [key, entry] of this.#entries) if (!read.has(key)) this.remove(entry);
  }

  /** @param workload undefined if it is not opted in */
  note(name: WorkloadName, metadata: ObjectMeta, workload: Workload | undefined): void {
    if (workload === undefined) {
      this.remove(name);
      return;
    }
    const key = workloadKey(name);
    this.#read?.add(key);
    const { order } = workload.rollouts;
    this.#put(key, {
      ...{ kind: name.kind, namespace: name.namespace, name: name.name },
      uid: metadata.uid ?? undefined,
      generation: metadata.generation ?? 0,
      owner: ownerAnnotations(metadata, this.#keys),
      sources: referencesOf(workload).map(sourceKey),
      ...patternsOf(workload),
      isUnderWay: isUnderWay(workload),
      hasOrder: order !== undefined,
    });
  }

  /**
   * Records the state of the rollout of a workload that no pass has handled in this version. The other facts
   * stay as they are, so that the event about this version requests a pass.
   */
  noteSeen(name: WorkloadName, workload: Workload | undefined): void {
    const entry = this.get(name);
    if (entry === undefined || workload === undefined) return;
    this.#entries.set(workloadKey(name), { ...entry, isUnderWay: isUnderWay(workload) });
  }

  /**
   * Records a write of this process to a workload.
   *
   * @param isRollout whether the write changed the pod template. The generation alone does not show this,
   * because a change of a Deployment's annotations also increases it
   */
  noteWritten(name: WorkloadName, { generation }: ObjectMeta, isRollout: boolean): void {
    const entry = this.get(name);
    if (entry === undefined || typeof generation !== 'number') return;
    const mayBeUnderWay = entry.isUnderWay || isRollout;
    const next = { ...entry, generation, isUnderWay: mayBeUnderWay };
    this.#entries.set(workloadKey(name), next);
  }

  /** @param until milliseconds since 1970; undefined: not held, or without a known end */
  noteHeld(name: WorkloadName, until: number | undefined): void {
    const entry = this.get(name);
    if (entry === undefined || entry.heldUntil === until) return;
    const { heldUntil: _, ...rest } = entry;
    const next = until === undefined ? rest : { ...rest, heldUntil: until };
    this.#entries.set(workloadKey(name), next);
  }

  remove(name: WorkloadName): void {
    const key = workloadKey(name);
    for (const source of this.#entries.get(key)?.sources ?? []) this.#unlink(source, key);
    this.#entries.delete(key);
    this.#withPatterns.delete(key);
  }

  get(name: WorkloadName): Entry | undefined {
    return this.#entries.get(workloadKey(name));
  }

  /** @param key from `workloadKey` */
  byKey(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** @param source from `sourceKey` */
  isReferenced(source: string): boolean {
    return this.#bySource.has(source) || this.#matching(source).length > 0;
  }

  /** @param source from `sourceKey` */
  workloadsOf(source: string): readonly Entry[] {
    const named = this.#bySource.get(source) ?? new Set();
    const matching = this.#matching(source).map(workloadKey);
    return [...named.union(new Set(matching))].flatMap((key) => this.#entries.get(key) ?? []);
  }

  /** The workloads with a pattern that matches a source. The source may be new. */
  #matching(source: string): readonly Entry[] {
    if (this.#withPatterns.size === 0) return [];
    const [kind, namespace, name = ''] = source.split('/');
    return [...this.#withPatterns]
      .flatMap((key) => this.#entries.get(key) ?? [])
      .filter(
        (entry) =>
          entry.namespace === namespace &&
          entry.patterns?.some((each) => each.kind === kind && matchesPattern(each.pattern, name)),
      );
  }

  get all(): Iterable<Entry> {
    return this.#entries.values();
  }

  #put(key: string, entry: Entry): void {
    const before = this.#entries.get(key);
    const isSame = before !== undefined && isSameList(before.sources, entry.sources);
    if (!isSame) {
      for (const source of before?.sources ?? []) this.#unlink(source, key);
      for (const source of entry.sources) this.#link(source, key);
    }
    if (entry.patterns === undefined) this.#withPatterns.delete(key);
    else this.#withPatterns.add(key);
    // Keeps the texts of the index of sources instead of equal new ones, to save memory.
    this.#entries.set(key, isSame ? { ...entry, sources: before.sources } : entry);
  }

  #link(source: string, key: string): void {
    const known = this.#bySource.get(source);
    if (known === undefined) this.#bySource.set(source, new Set([key]));
    else known.add(key);
  }

  #unlink(source: string, key: string): void {
    const known = this.#bySource.get(source);
    known?.delete(key);
    if (known?.size === 0) this.#bySource.delete(source);
  }
}

const isUnderWay = ({ rollouts }: Workload): boolean => (rollouts.underWay?.given.size ?? 0) > 0;

function patternsOf({ configuration }: Workload): Pick<Entry, 'patterns'> {
  const patterns = configuration.kind === 'references' ? configuration.patterns : undefined;
  return patterns === undefined ? {} : { patterns };
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}
