import { NeedsFullPass } from '../../handler/pass/named.ts';
import {
  type PassDeps,
  type PassObserver,
  type PassRequest,
  pass,
} from '../../handler/pass/pass.ts';
import type { Report } from '../../lib/rules/report.ts';

/** Receives the reports of passes, and the events during a pass. */
export interface ReportSink extends PassObserver {
  /** A pass ended with a report. */
  passEnded?(report: Report): void;
  /** A partial pass ended with a report, which says nothing about other workloads. */
  partialPassEnded?(report: Report): void;
  /** A pass ended with an error instead. */
  passFailed?(error: unknown, durationMs: number): void;
  /** Sends the collected data, after everything about a pass was reported. Never rejects. */
  flush?(): Promise<void>;
  /** Waits for the work that `flush` started. Never rejects. */
  close?(): Promise<void>;
}

/** Runs passes and passes their results to each sink. */
export class ReportSinks {
  readonly #sinks: readonly ReportSink[];
  readonly #observer: PassObserver;

  constructor(sinks: readonly ReportSink[]) {
    this.#sinks = sinks;
    this.#observer = {
      lease: (event) => {
        for (const sink of sinks) sink.lease?.(event);
      },
      listed: (workloads) => {
        for (const sink of sinks) sink.listed?.(workloads);
      },
      optIns: (defaultOptIn) => {
        for (const sink of sinks) sink.optIns?.(defaultOptIn);
      },
      read: (kind, metadata, workload) => {
        for (const sink of sinks) sink.read?.(kind, metadata, workload);
      },
      seen: (kind, metadata, workload) => {
        for (const sink of sinks) sink.seen?.(kind, metadata, workload);
      },
      outcome: (outcome, noted) => {
        for (const sink of sinks) sink.outcome?.(outcome, noted);
      },
      news: (outcome, reason) => {
        for (const sink of sinks) sink.news?.(outcome, reason);
      },
    };
  }

  /** @throws the errors of `pass` */
  async pass(request: PassRequest, deps: Omit<PassDeps, 'observer'>): Promise<Report> {
    const began = deps.clock.now();
    let report: Report;
    try {
      report = await pass(request, { ...deps, observer: this.#observer });
    } catch (error) {
      if (error instanceof NeedsFullPass) throw error;
      const durationMs = deps.clock.now() - began;
      for (const sink of this.#sinks) sink.passFailed?.(error, durationMs);
      throw error;
    }
    for (const sink of this.#sinks) {
      if (request.only === undefined) sink.passEnded?.(report);
      else sink.partialPassEnded?.(report);
    }
    return report;
  }

  async flush(): Promise<void> {
    for (const sink of this.#sinks) await sink.flush?.();
  }

  async close(): Promise<void> {
    for (const sink of this.#sinks) await sink.close?.();
  }
}
