import pLimit from 'p-limit';
import { describeError } from '../../lib/errors.ts';
import { byName } from '../../lib/kubernetes/names.ts';
import type { WorkloadObject } from '../../lib/kubernetes/objects.ts';
import { readAnyWorkload } from '../../lib/rules/workload.ts';
import type { PassContext } from '../context.ts';
import { type PassStopped, stoppedBy } from '../gate.ts';
import { Ownership } from '../ownership/ownership.ts';
import type { TracedSource } from './carriers.ts';
import { releasePreview, releaseWorkload } from './release-workload.ts';
import {
  nothingReleased,
  type ReleasedSource,
  type ReleasedWorkload,
  type ReleaseReport,
} from './report.ts';
import { releaseRules } from './traced-workloads.ts';
import { findTraces, type ReleaseScope, type TracedWorkload, type Traces } from './traces.ts';

export interface ReleaserObserver {
  /** Gets the number of workloads and sources to release. */
  found?(number: number): void;
  /** Called after each workload or source is handled. */
  handled?(): void;
}

/** Finds everything that wave-cron wrote, and removes it. Used once. */
export class Releaser {
  readonly #scope: ReleaseScope;
  readonly #write: boolean;
  readonly #observer: ReleaserObserver;
  readonly #context: PassContext;
  readonly #ownership: Ownership;
  readonly #workloads: ReleasedWorkload[] = [];
  readonly #sources: ReleasedSource[] = [];
  #stopped: PassStopped | undefined;

  constructor(
    { write, ...scope }: ReleaseScope & { readonly write: boolean },
    observer: ReleaserObserver,
    context: PassContext,
  ) {
    this.#scope = scope;
    this.#write = write;
    this.#observer = observer;
    this.#context = context;
    this.#ownership = new Ownership(context, 'ours or of Wave');
  }

  /** @throws the errors of `findTraces` */
  async release(): Promise<ReleaseReport> {
    const { cluster, gate, signal } = this.#context;
    const lists = pLimit(this.#scope.settings.concurrency.reads);
    let traces: Traces;
    try {
      traces = await findTraces(this.#scope, { cluster, lists, signal });
    } catch (error) {
      const why = stoppedBy(error, gate);
      if (why === undefined) throw error;
      return nothingReleased(why.pass, why.message);
    }
    if (this.#write) await this.#releaseAll(traces);
    else this.#preview(traces);
    return this.#report(traces);
  }

  async #releaseAll({ workloads, sources, notSearched }: Traces): Promise<void> {
    const { reads, writes } = this.#scope.settings.concurrency;
    const inWork = pLimit(2 * (reads + writes));
    const searched = notSearched.length === 0;
    this.#observer.found?.(workloads.length + sources.length);
    await Promise.all([
      ...workloads.map((each) => inWork(() => this.#releaseWorkload(each, searched))),
      ...sources.map((each) => inWork(() => this.#releaseSource(each))),
    ]);
  }

  async #releaseWorkload(traced: TracedWorkload, searched: boolean): Promise<void> {
    const { kind, namespace, name, ownership } = traced.workload;
    const { annotations, settings } = this.#scope;
    const rules = releaseRules(settings);
    const deps = {
      ...{ searched, annotations, ownership: this.#ownership },
      read: (object: WorkloadObject) => readAnyWorkload(kind, object, rules),
    };
    const done = await this.#unlessStopped<ReleasedWorkload>(
      () => releaseWorkload(traced, deps, this.#context),
      (why) => ({
        ...{ kind, namespace, name, sources: [], annotations: [], restarts: false },
        finalizer: ownership.finalizer ? 'kept' : 'none',
        problems: [`it could not be released: ${why}`],
      }),
    );
    if (done !== undefined) this.#workloads.push(done);
  }

  async #releaseSource({ owners, ...source }: TracedSource): Promise<void> {
    const uids = new Set(owners.map(({ uid }) => uid));
    const done = await this.#unlessStopped<ReleasedSource>(
      async () => {
        await this.#ownership.removeReferences(source, uids);
        return released(source, owners);
      },
      (why) => ({
        ...released(source, []),
        problems: [`the owner references could not be removed: ${why}`],
      }),
    );
    if (done !== undefined) this.#sources.push(done);
  }

  /**
   * Runs an attempt unless the release was stopped. An error with one object must not prevent the
   * release of the others.
   */
  async #unlessStopped<T>(
    attempt: () => Promise<T>,
    failed: (why: string) => T,
  ): Promise<T | undefined> {
    if (this.#stopped !== undefined) return undefined;
    const { gate } = this.#context;
    let done: T;
    try {
      gate.assertMayWrite();
      done = await attempt();
    } catch (error) {
      this.#stopped ??= stoppedBy(error, gate);
      if (this.#stopped !== undefined) return undefined;
      done = failed(describeError(error));
    }
    this.#observer.handled?.();
    return done;
  }

  #preview({ workloads, sources, notSearched }: Traces): void {
    const { annotationKeys } = this.#context;
    const { annotations } = this.#scope;
    const options = { annotationKeys, annotations, searched: notSearched.length === 0 };
    this.#workloads.push(...workloads.map((each) => releasePreview(each, options)));
    this.#sources.push(...sources.map(({ owners, ...source }) => released(source, owners)));
  }

  #report(traces: Traces): ReleaseReport {
    const { workloads, sources, listProblems, kindsNotServed, notSearched } = traces;
    const done = this.#workloads.length + this.#sources.length;
    return {
      release: this.#stopped?.pass ?? 'Completed',
      ...(this.#stopped === undefined ? {} : { sentence: this.#stopped.message }),
      workloads: this.#workloads.sort(byName),
      sources: this.#sources.sort(byName),
      ...{ listProblems, kindsNotServed, notSearched },
      unreached: workloads.length + sources.length - done,
    };
  }
}

function released(
  source: Omit<TracedSource, 'owners'>,
  owners: TracedSource['owners'],
): ReleasedSource {
  return { ...source, owners: owners.map(({ kind, name }) => `${kind}/${name}`), problems: [] };
}
