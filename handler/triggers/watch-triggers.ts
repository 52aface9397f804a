import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import { isCustomKind } from '../../lib/kubernetes/kinds.ts';
import { type WatchDeps, watchMetadata } from '../../lib/kubernetes/metadata-watch.ts';
import { type WorkloadName, workloadKey } from '../../lib/kubernetes/names.ts';
import type { ObjectMeta } from '../../lib/kubernetes/objects.ts';
import { type AnnotationKeys, annotationKeysOfSettings } from '../../lib/rules/annotations.ts';
import { type DefaultOptIns, onlyAnnotations } from '../../lib/rules/default-opt-in.ts';
import { readOptIn } from '../../lib/rules/opt-in.ts';
import { ownerAnnotations } from '../../lib/rules/owner-annotations.ts';
import { reasons } from '../../lib/rules/reason.ts';
import { sourceKey } from '../../lib/rules/references.ts';
import type { Outcome } from '../../lib/rules/report.ts';
import { givenShard, ownNamespaces } from '../../lib/rules/shards.ts';
import type { EarlyPasses, EarlyScope } from '../../lib/schedule/early-passes.ts';
import type { Settings, WatchedKind } from '../../lib/settings/schema.ts';
import type { NamedWorkloads } from '../pass/named.ts';
import type { PassObserver } from '../pass/pass.ts';
import type { OwnWrites } from './own-writes.ts';
import { mayBePartial, partialScope } from './partial-scope.ts';
import { ReferenceIndex } from './reference-index.ts';
import { type WatchedList, watchedKinds, watchedLists } from './watched-lists.ts';

export interface WatchTriggersDeps extends WatchDeps {
  readonly early: Pick<EarlyPasses, 'request'>;
  readonly on: WatchTriggersListener;
  /** Finds the API resources of kinds of other APIs. If absent, only built-in kinds are watched. */
  readonly findKinds?: Cluster['findKinds'];
}

/** Must not throw. */
export interface WatchTriggersListener {
  event(kind: WatchedKind): void;
  /** @param isFirst whether this is the first start of the watch */
  started(path: string, isFirst: boolean): void;
  failed(path: string, error: unknown): void;
  /** Called when a pass wrote a hash. `afterMs` is the time since the first event that requested this pass. */
  patched(afterMs: number): void;
}

/** The time that the first pass waits for the watches to start. */
const startWithinMs = 10_000;
/** The time after which a partial pass that could not handle a workload is repeated. */
const againAfterMs = 60_000;
/** The clock of the API server may be this much behind ours. */
const clockSlackMs = 1500;
/** The maximum number of versions of our own writes in memory. Fewer events about our own writes can be in flight. */
const mostOwnVersions = 10_000;

/**
 * Watches objects and requests a pass for each change that may concern an opted-in workload. It keeps only
 * names. It evaluates an event during a pass when the pass has ended, because only then it is known which
 * versions the pass wrote.
 */
export class WatchTriggers {
  readonly #deps: WatchTriggersDeps;
  readonly #keys: AnnotationKeys;
  readonly #index: ReferenceIndex;
  readonly #isOwn: (namespace: string) => boolean;
  readonly #settings: Settings;
  readonly #mayBePartial: boolean;
  /** The opt-ins as the last full pass read them. The next full pass finds changed annotations of namespaces. */
  #defaultOptIn: DefaultOptIns = onlyAnnotations;
  readonly #ownVersions = new Set<string>();
  /** Events during a pass: the versions of sources, and the last metadata of workloads. */
  readonly #sources = new Map<string, Set<string>>();
  readonly #workloads = new Map<string, WorkloadEvent>();
  #isPassing = false;
  #hasBegun = false;
  /** Whether a full pass has read all workloads. */
  #isComplete = false;
  /** The time of the first event that requested the next pass. */
  #firstAt: number | undefined;
  /** The time of the first event during this pass. */
  #heldAt: number | undefined;
  /** The time of the first event that requested this pass. */
  #passFirstAt: number | undefined;
  #timer: AbortController | undefined;

  constructor(settings: Settings, deps: WatchTriggersDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#keys = annotationKeysOfSettings(settings);
    this.#index = new ReferenceIndex(this.#keys);
    this.#isOwn = ownNamespaces(givenShard(settings.shard));
    this.#mayBePartial = mayBePartial(settings);
  }

  /** Observes each pass, full and partial. */
  readonly observer: PassObserver = {
    optIns: (defaultOptIn) => {
      this.#defaultOptIn = defaultOptIn;
    },
    read: (kind, metadata, workload) => {
      const { namespace, name } = metadata;
      if (typeof namespace !== 'string' || typeof name !== 'string') return;
      if (!this.#isInScope(namespace)) return;
      this.#index.note({ kind, namespace, name }, metadata, workload);
    },
    seen: (kind, { namespace, name }, workload) => {
      if (typeof namespace !== 'string' || typeof name !== 'string') return;
      this.#index.noteSeen({ kind, namespace, name }, workload);
    },
    outcome: (outcome) => this.#noteOutcome(outcome),
  };

  /** Gets the writes of each pass. */
  readonly ownWrites: OwnWrites = {
    wroteWorkload: (name, metadata, isRollout) => {
      this.#index.noteWritten(name, metadata, isRollout);
      if (!isRollout || this.#passFirstAt === undefined) return;
      this.#deps.on.patched(this.#deps.clock.now() - this.#passFirstAt);
    },
    wroteSource: ({ resourceVersion }) => {
      if (typeof resourceVersion !== 'string') return;
      this.#ownVersions.add(resourceVersion);
      const [oldest] = this.#ownVersions;
      if (this.#ownVersions.size > mostOwnVersions && oldest !== undefined) {
        this.#ownVersions.delete(oldest);
      }
    },
  };

  get index(): Pick<ReferenceIndex, 'workloads' | 'sources'> {
    return this.#index;
  }

  /**
   * Watches until the signal is aborted.
   *
   * @returns `ready` resolves when each watch has started or failed, so that a full pass from then
   * on misses no change; `ended` resolves after the signal
   */
  watch(signal: AbortSignal): { readonly ready: Promise<void>; readonly ended: Promise<void> } {
    const began = Promise.withResolvers<void>();
    const ended = this.#watchAll(began.resolve, signal).then(() => this.#timer?.abort());
    const enough = this.#deps.clock.sleep(startWithinMs, signal).catch(() => undefined);
    return { ready: Promise.race([began.promise, enough]), ended };
  }

  async #watchAll(allBegan: () => void, signal: AbortSignal): Promise<void> {
    const lists = watchedLists(this.#settings, await this.#findKinds(signal));
    const began = lists.map(() => Promise.withResolvers<void>());
    Promise.all(began.map(({ promise }) => promise)).then(allBegan);
    const watches = lists.map((list, at) => {
      const on = this.#listenerOf(list, () => began[at]?.resolve());
      return watchMetadata(list, on, this.#deps, signal);
    });
    await Promise.all(watches);
  }

  /** Built-in kinds need no request, and their watches do not wait for one. */
  async #findKinds(signal: AbortSignal): ReturnType<Cluster['findKinds']> {
    const kinds = watchedKinds(this.#settings).filter(isCustomKind);
    const { findKinds } = this.#deps;
    if (kinds.length === 0 || findKinds === undefined) return new Map();
    try {
      return await findKinds(kinds, signal);
    } catch (error) {
      if (signal.aborted) return new Map();
      throw error;
    }
  }

  /**
   * Must be called when a pass for these requests begins.
   *
   * @param isFull whether it must be a full pass
   * @returns the workloads of a partial pass; undefined if it is a full pass
   */
  begin(scope: EarlyScope, isFull: boolean): NamedWorkloads | undefined {
    this.#isPassing = true;
    this.#hasBegun = true;
    this.#passFirstAt = this.#firstAt;
    this.#firstAt = undefined;
    const parse = (key: string) => this.#parse(key);
    const partial =
      isFull || !this.#mayBePartial || !this.#isComplete
        ? undefined
        : partialScope(scope, this.#index, parse);
    if (partial === undefined) this.#index.begin();
    return partial;
  }

  /** Must be called when the partial pass that began becomes a full pass. */
  beginFull(): void {
    this.#index.begin();
  }

  /**
   * Must be called when the pass has ended.
   *
   * @param full whether it was a full pass, and whether it read all workloads
   */
  end(full: { readonly readAll: boolean } | undefined): void {
    if (full !== undefined) this.#index.end(full.readAll);
    if (full?.readAll === true) this.#isComplete = true;
    this.#isPassing = false;
    const sources = [...this.#sources];
    const workloads = [...this.#workloads.values()];
    this.#sources.clear();
    this.#workloads.clear();
    for (const [source, versions] of sources) {
      for (const version of versions) this.#sourceChanged(source, version);
    }
    for (const event of workloads) this.#workloadChanged(event);
    this.#heldAt = undefined;
    this.#passFirstAt = undefined;
    this.#setTimer();
  }

  #listenerOf({ of, path }: WatchedList, began: () => void) {
    const { on, early } = this.#deps;
    let hasStarted = false;
    return {
      started: () => {
        // A pass that began before the watch started may have missed a change.
        if (this.#hasBegun) early.request('all');
        on.started(path, !hasStarted);
        hasStarted = true;
        began();
      },
      failed: (error: unknown) => {
        on.failed(path, error);
        began();
      },
      changed: (metadata: ObjectMeta, isDeleted: boolean) => {
        const { namespace, name } = metadata;
        if (typeof namespace !== 'string' || typeof name !== 'string') return;
        if ('source' in of) {
          const key = sourceKey({ kind: of.source, namespace, name });
          this.#sourceChanged(key, metadata.resourceVersion ?? '');
          on.event(of.source);
        } else {
          const event = this.#eventOf({ kind: of.workload, namespace, name }, metadata, isDeleted);
          this.#workloadChanged(event);
          on.event('Workload');
        }
      },
    };
  }

  #sourceChanged(source: string, version: string): void {
    if (!this.#index.isReferenced(source)) return;
    if (this.#isPassing) {
      const versions = this.#sources.get(source) ?? new Set();
      // A pass needs only one version that is not our own. For more than three versions, the empty text stands
      // for such a version.
      this.#sources.set(source, versions.size < 3 ? versions.add(version) : new Set(['']));
      this.#heldAt ??= this.#deps.clock.now();
      return;
    }
    if (this.#ownVersions.delete(version)) return;
    this.#request({ sources: new Set([source]), workloads: new Set() });
  }

  #workloadChanged(event: WorkloadEvent): void {
    const { name, isDeleted, uid, generation, owner, isOptedIn } = event;
    const known = this.#index.get(name);
    if (!this.#isInScope(name.namespace) || (known === undefined && !isOptedIn)) return;
    if (this.#isPassing) {
      this.#workloads.set(workloadKey(name), event);
      this.#heldAt ??= this.#deps.clock.now();
      return;
    }
    if (isDeleted) {
      this.#index.remove(name);
      return;
    }
    // The namespaces of a selector are known only to a full pass.
    if (known === undefined && this.#settings.namespaceSelector !== '') return;
    const isSame = known !== undefined && uid === known.uid && owner === known.owner;
    if (isSame && generation <= known.generation) return;
    this.#request({ sources: new Set(), workloads: new Set([workloadKey(name)]) });
  }

  #eventOf(name: WorkloadName, metadata: ObjectMeta, isDeleted: boolean): WorkloadEvent {
    const byDefault = this.#defaultOptIn(name.namespace);
    const optIn = readOptIn(metadata.annotations ?? {}, {}, this.#keys, byDefault);
    const owner = ownerAnnotations(metadata, this.#keys);
    const generation = metadata.generation ?? 0;
    const uid = metadata.uid ?? undefined;
    return { name, isDeleted, uid, generation, owner, isOptedIn: optIn.kind !== 'off' };
  }

  #request(scope: Pick<Exclude<EarlyScope, 'all'>, 'sources' | 'workloads'>): void {
    this.#firstAt ??= this.#heldAt ?? this.#deps.clock.now();
    this.#deps.early.request({ ...scope, namespaces: new Set() }, this.#mayBePartial);
  }

  #isInScope(namespace: string): boolean {
    const { ignoreNamespaces } = this.#settings;
    return this.#isOwn(namespace) && !ignoreNamespaces.includes(namespace);
  }

  #noteOutcome({ held, reason, ...name }: Outcome): void {
    const now = this.#deps.clock.wallTime().getTime();
    const end = held?.until === undefined ? Number.NaN : Date.parse(held.until) + clockSlackMs;
    const until = end > now ? end : undefined;
    const again = reasons[reason].incomplete ? now + againAfterMs : undefined;
    this.#index.noteHeld(name, until ?? again);
  }

  /** Requests a pass for the workloads whose holds end next. */
  #setTimer(): void {
    this.#timer?.abort();
    const held = [...this.#index.all].filter((each) => each.heldUntil !== undefined);
    if (held.length === 0) return;
    const timer = new AbortController();
    this.#timer = timer;
    const { clock } = this.#deps;
    const wallMs = (): number => clock.wallTime().getTime();
    const next = Math.min(...held.map(({ heldUntil = Number.POSITIVE_INFINITY }) => heldUntil));
    const due = (): void => {
      const ended = held.filter(
        ({ heldUntil = Number.POSITIVE_INFINITY }) => heldUntil <= wallMs(),
      );
      for (const each of ended) this.#index.noteHeld(each, undefined);
      const workloads = new Set(ended.map(workloadKey));
      this.#deps.early.request(
        { sources: new Set(), namespaces: new Set(), workloads },
        this.#mayBePartial,
      );
    };
    clock.sleep(Math.max(next - wallMs(), 0) + 1, timer.signal).then(due, () => undefined);
  }

  #parse(key: string): WorkloadName | undefined {
    const [kind = '', namespace = '', name = ''] = key.split('/');
    const known = this.#settings.kinds.find((each) => each === kind);
    return known === undefined ? undefined : { kind: known, namespace, name };
  }
}

interface WorkloadEvent {
  readonly name: WorkloadName;
  readonly isDeleted: boolean;
  readonly uid: string | undefined;
  readonly generation: number;
  readonly owner: string;
  readonly isOptedIn: boolean;
}
