import { hash } from 'node:crypto';
import type { NamedWorkloads } from '../../handler/pass/named.ts';
import type { Touched } from '../../handler/status/changes.ts';
import type { StatusReport } from '../../handler/status/status.ts';
import { expectedError, UsageError } from '../../lib/errors.ts';
import { type WorkloadName, workloadKey } from '../../lib/kubernetes/names.ts';
import type { Clock } from '../../lib/schedule/clock.ts';
import { readPauseMs } from '../../lib/status/read-pause.ts';
import { renewed } from '../../lib/status/renewed.ts';
import type { State } from '../../lib/status/state.ts';
import type { WorkloadStatus } from '../../lib/status/workload-status.ts';

export interface LiveStatusDeps {
  /** @param only undefined: all workloads */
  readonly read: (only?: NamedWorkloads) => Promise<StatusReport>;
  /** Whether some workloads may be read without the others (see `mayBePartial`). */
  readonly mayReadSome: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The state after each read, for one page. The page gets the report only if the version has changed. */
export interface LiveState {
  /** The number of reports that differ from their predecessors. */
  readonly version: number;
  /** RFC 3339, UTC. */
  readonly readAt: string;
  /** The reason why the last read failed; null if it did not fail. */
  readonly problem: string | null;
}

/** An open page. Its functions must not throw. */
export interface Viewer {
  /** The workload that the page shows; undefined if it shows several. */
  readonly about: WorkloadName | undefined;
  state(state: LiveState): void;
  /** Called if the workload that the page shows may have changed. */
  touched(): void;
}

/** The time from the end of one read to the start of the next. */
const pauseMs = 1_500;
/** The pause after a watch has reported a change. */
const shortestPauseMs = 200;
/** If more workloads than this have changed, all workloads are read. */
const mostSome = 100;

/**
 * The current status, for all open pages. While a page is open, it is read repeatedly, and soon after
 * each change that a watch reports. If the change affects only a few workloads, only these are read,
 * because a read of all workloads takes seconds in a large cluster.
 */
export class LiveStatus {
  readonly #deps: LiveStatusDeps;
  readonly #viewers = new Set<Viewer>();
  #report: StatusReport;
  #content: string;
  #version = 1;
  #problem: string | null = null;
  #tookMs: number;
  #endedAt: number;
  /** Whether a watch has reported a change that may affect any workload. */
  #isChanged = false;
  /** The workloads that have changed since the last read, by key. */
  readonly #some = new Map<string, WorkloadName>();
  /** The earliest time of the next read of some workloads. */
  #someAt = 0;
  #wake = Promise.withResolvers<void>();

  private constructor(first: StatusReport, tookMs: number, deps: LiveStatusDeps) {
    this.#deps = deps;
    this.#report = first;
    this.#content = contentOf(first);
    this.#tookMs = tookMs;
    this.#endedAt = deps.clock.now();
  }

  /**
   * Reads the first report.
   *
   * @throws the error of the read
   */
  static async start(deps: LiveStatusDeps): Promise<LiveStatus> {
    const began = deps.clock.now();
    const first = await deps.read();
    return new LiveStatus(first, deps.clock.now() - began, deps);
  }

  get report(): StatusReport {
    return this.#report;
  }

  get state(): LiveState {
    return { version: this.#version, readAt: this.#report.readAt, problem: this.#problem };
  }

  /** @returns a function that ends the subscription */
  open(viewer: Viewer): () => void {
    this.#viewers.add(viewer);
    viewer.state(this.state);
    this.#wakeUp();
    return () => this.#viewers.delete(viewer);
  }

  /** Reports that all states may have changed, so they are read soon. */
  changed(): void {
    this.#isChanged = true;
    this.#wakeUp();
  }

  touched(concerned: Touched): void {
    if (!('kind' in concerned) || !this.#deps.mayReadSome) this.#isChanged = true;
    else this.#some.set(workloadKey(concerned), concerned);
    if (this.#some.size > mostSome) this.#isChanged = true;
    this.#wakeUp();
    for (const { about, touched } of this.#viewers) {
      if (about !== undefined && concerns(concerned, about)) touched();
    }
  }

  /**
   * Reads until the signal is aborted, which is the normal end.
   *
   * @throws every unexpected error
   */
  async run(): Promise<void> {
    const { signal } = this.#deps;
    signal.addEventListener('abort', () => this.#wakeUp(), { once: true });
    while (!signal.aborted) {
      const [allMs, someMs] = [this.#waitMs(), this.#waitForSomeMs()];
      if (allMs <= 0) await this.#read();
      else if (someMs <= 0) await this.#readSome();
      else await this.#wait(Math.min(allMs, someMs));
    }
  }

  /** The time until the next read; infinite while no page is open. */
  #waitMs(): number {
    if (this.#viewers.size === 0) return Number.POSITIVE_INFINITY;
    const least = this.#isChanged
      ? Math.max(shortestPauseMs, this.#tookMs)
      : readPauseMs(this.#tookMs, pauseMs);
    return this.#endedAt + least - this.#deps.clock.now();
  }

  /**
   * The time until the next read of only some workloads; infinite if none has changed, or if all are
   * read soon.
   */
  #waitForSomeMs(): number {
    const isDue = this.#viewers.size > 0 && this.#some.size > 0 && !this.#isChanged;
    if (!isDue) return Number.POSITIVE_INFINITY;
    return this.#someAt - this.#deps.clock.now();
  }

  /** Waits for this time, or until something wakes it up. */
  async #wait(ms: number): Promise<void> {
    this.#wake = Promise.withResolvers();
    const { promise } = this.#wake;
    if (ms === Number.POSITIVE_INFINITY) return await promise;
    const over = new AbortController();
    const { clock, signal } = this.#deps;
    const slept = clock.sleep(ms, AbortSignal.any([signal, over.signal])).catch(() => undefined);
    await Promise.race([slept, promise]);
    over.abort();
  }

  #wakeUp(): void {
    this.#wake.resolve();
  }

  async #read(): Promise<void> {
    const { read, clock, signal } = this.#deps;
    const began = clock.now();
    this.#isChanged = false;
    this.#some.clear();
    try {
      const report = await read();
      signal.throwIfAborted();
      this.#take(report);
      this.#problem = null;
    } catch (error) {
      if (signal.aborted) return;
      const expected = expectedError(error, signal);
      // The settings do not change, so each later read would fail in the same way.
      if (expected instanceof UsageError) throw expected;
      this.#problem = expected.message;
    }
    this.#endedAt = clock.now();
    this.#tookMs = this.#endedAt - began;
    this.#show();
  }

  /**
   * Reads only the changed workloads. If they cannot be read without the others, all workloads are read
   * soon.
   */
  async #readSome(): Promise<void> {
    const { read, clock, signal } = this.#deps;
    const began = clock.now();
    const some = [...this.#some.values()];
    this.#some.clear();
    try {
      const underWay = (namespace: string) => this.#underWay(namespace);
      const { workloads, incomplete } = await read({ workloads: some, underWay });
      signal.throwIfAborted();
      if (incomplete !== null) this.#isChanged = true;
      else this.#take(renewedReport(this.#report, some, workloads));
    } catch (error) {
      if (signal.aborted) return;
      expectedError(error, signal);
      this.#isChanged = true;
    }
    const now = clock.now();
    this.#someAt = now + Math.max(shortestPauseMs, now - began);
    this.#show();
  }

  /** The workloads of a namespace that may have an unfinished rollout. */
  #underWay(namespace: string): readonly WorkloadName[] {
    return this.#report.workloads.filter(
      (each) => each.namespace === namespace && unfinished.has(each.state),
    );
  }

  #show(): void {
    for (const viewer of this.#viewers) viewer.state(this.state);
  }

  #take(report: StatusReport): void {
    const content = contentOf(report);
    if (content !== this.#content) this.#version += 1;
    this.#content = content;
    this.#report = report;
  }
}

const unfinished: ReadonlySet<State> = new Set(['RollingOut', 'RolloutFailed']);

function renewedReport(
  report: StatusReport,
  read: readonly WorkloadName[],
  found: readonly WorkloadStatus[],
): StatusReport {
  return { ...report, workloads: renewed(report.workloads, read, found) };
}

/** A digest of the report without its time. */
function contentOf(report: StatusReport): string {
  return hash('sha256', JSON.stringify({ ...report, readAt: undefined }), 'base64');
}

function concerns(concerned: Touched, about: WorkloadName): boolean {
  if (concerned.namespace !== about.namespace) return false;
  return !('kind' in concerned) || workloadKey(concerned) === workloadKey(about);
}
