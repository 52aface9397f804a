/** Outcomes and facts of the workload `Deployment shop/web`, for tests of states. */
import type { Outcome } from '../../../lib/rules/report.ts';
import type { StatusFacts } from '../../../lib/status/facts.ts';

/** The time at which tests read states: 2026-11-30T12:00:00Z. */
export const now = Date.UTC(2026, 10, 30, 12);
export const minute = 60_000;

export const outcome = (some: Partial<Outcome> = {}): Outcome => ({
  ...{ kind: 'Deployment', namespace: 'shop', name: 'web' },
  ...{ reason: 'UpToDate', sentence: 'its message', changed: [], written: false },
  ...some,
});

/** The facts of a workload that was rolled two days ago, and has not changed since. */
export const facts = (some: Partial<StatusFacts> = {}): StatusFacts => ({
  ...{ rolledAt: now - 2 * 24 * 60 * minute, isRecorded: true, pending: undefined },
  ...{ rollout: undefined, blockers: [] },
  ...some,
});

export const list = (...listed: readonly string[]) => ({ listed, leftOut: 0 });
