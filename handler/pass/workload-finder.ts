import pLimit, { type LimitFunction } from 'p-limit';
import { type DefaultOptIns, onlyAnnotations } from '../../lib/rules/default-opt-in.ts';
import type { HashKeys } from '../../lib/rules/hash/hash-keys.ts';
import type { Carrier } from '../../lib/rules/hash/keyed-records.ts';
import { readWorkload } from '../../lib/rules/workload.ts';
import type { Settings } from '../../lib/settings/schema.ts';
import type { ReadContext } from '../context.ts';
import { type OptInReading, readDefaultOptIns } from '../reading/default-opt-ins.ts';
import { keepWithNames, SourceNames } from '../reading/source-names.ts';
import { TemplateUsers } from '../reading/template-users.ts';
import type { Keep, KeepRead } from '../reading/workload-list.ts';
import { neededObjects, workloadRules } from '../reading/workload-rules.ts';
import { type NamedWorkloads, NeedsFullPass, readNamed } from './named.ts';
import { listAllCarriers, listOptedIn, type OptedIn, type OptedInDeps } from './opted-in.ts';
import type { ReconcileObserver } from './tally.ts';

export interface FindRequest {
  readonly settings: Settings;
  readonly observer: Pick<ReconcileObserver, 'read' | 'seen' | 'optIns'>;
  /** The workloads of a partial pass; undefined: all. */
  readonly only?: NamedWorkloads | undefined;
}

/** Finds the workloads of a pass: a full pass lists them, and a partial pass reads them by name. */
export class WorkloadFinder {
  readonly #request: FindRequest;
  readonly #context: ReadContext;
  /** Reduces a workload that is read alone, to handle it. */
  readonly keepRead: KeepRead;
  /** Reduces a workload that is read only for the state of its rollout. */
  readonly keepSeen: KeepRead;
  /** Reduces workloads that are not part of this pass. */
  readonly #reduce: Keep;
  readonly #keep: Keep;
  readonly #users = new TemplateUsers();
  readonly #needed: ReturnType<typeof neededObjects>;
  readonly #lists: LimitFunction;
  #optIns: OptInReading = { defaultOptIn: onlyAnnotations, unread: new Map() };

  constructor(request: FindRequest, context: ReadContext) {
    const { settings, observer } = request;
    const defaultOptIn: DefaultOptIns = (namespace) => this.#optIns.defaultOptIn(namespace);
    const rules = {
      ...workloadRules(settings, defaultOptIn),
      now: context.clock.wallTime(),
      userOf: this.#users.of,
    };
    this.#request = request;
    this.#context = context;
    this.#reduce = (kind, object, names) => readWorkload(kind, object, { ...rules, names });
    this.#keep = (kind, object, names) => {
      const workload = this.#reduce(kind, object, names);
      observer.read?.(kind, object.metadata ?? {}, workload);
      return workload;
    };
    const keepSeen: Keep = (kind, object, names) => {
      const workload = this.#reduce(kind, object, names);
      observer.seen?.(kind, object.metadata ?? {}, workload);
      return workload;
    };
    const sourceNames = new SourceNames(context);
    this.keepRead = keepWithNames(this.#keep, sourceNames);
    this.keepSeen = keepWithNames(keepSeen, sourceNames);
    this.#needed = neededObjects(rules);
    this.#lists = pLimit(settings.concurrency.reads);
  }

  /**
   * @param keys the hash keys, which may still be read; resolves with undefined if they do not exist yet
   * @throws NeedsFullPass; UnreachableError for the reasons of `listOptedIn` and `readDefaultOptIns`; the error
   * of `keys`
   */
  async find(keys: Promise<HashKeys | undefined>): Promise<OptedIn> {
    // If another step fails first, `keys` is not awaited. This handler prevents an unhandled rejection.
    keys.catch(() => undefined);
    await this.#readOptIns();
    const { only } = this.#request;
    if (only === undefined) {
      const deps = { ...this.#deps(this.#keep), users: this.#users };
      return await listOptedIn(deps, (await keys) === undefined, this.#context);
    }
    const [ready, workloads] = await Promise.all([
      keys,
      readNamed(only.workloads, this.keepRead, this.#context),
    ]);
    if (ready === undefined) throw new NeedsFullPass('the hash key does not exist yet');
    return { workloads, unhandled: [], problems: [], kindsNotServed: [], carriers: [] };
  }

  /** The carriers of all shards, as `listAllCarriers`. */
  async allCarriers(): Promise<{
    readonly carriers: readonly Carrier[];
    readonly isWhole: boolean;
  }> {
    return await listAllCarriers(this.#deps(this.#reduce), this.#context);
  }

  async #readOptIns(): Promise<void> {
    const { only, settings, observer } = this.#request;
    // Without the setting namespaces, the account need not have the permission to get a namespace.
    const isByName = only !== undefined && settings.namespaces.length > 0;
    const namespaces = isByName
      ? new Set(only.workloads.map(({ namespace }) => namespace))
      : undefined;
    this.#optIns = await readDefaultOptIns(settings, this.#context, namespaces);
    if (only === undefined) {
      observer.optIns?.(this.#optIns.defaultOptIn);
    } else if (this.#optIns.unread.size > 0) {
      throw new NeedsFullPass('a namespace could not be read');
    }
  }

  #deps(keep: Keep): OptedInDeps {
    const { settings } = this.#request;
    const { unread } = this.#optIns;
    return { settings, keep, needed: this.#needed, unread, lists: this.#lists };
  }
}
