import type { StatusReport } from '../../../handler/status/status.ts';
import { type State, urgencyOf } from '../../../lib/status/state.ts';
import type { WorkloadStatus } from '../../../lib/status/workload-status.ts';

export function workloadStatus(
  name: string,
  state: State,
  some: Partial<WorkloadStatus> = {},
): WorkloadStatus {
  return {
    ...{ kind: 'Deployment', namespace: 'shop', name, state, urgency: urgencyOf(state) },
    ...{ sentence: `the message of ${name}`, since: null, changed: [], changedLeftOut: 0 },
    ...{ heldUntil: null, lastRollout: null, wouldRestart: false, certain: true },
    ...some,
  };
}

export function statusReport(some: Partial<StatusReport> = {}): StatusReport {
  return {
    ...{ readAt: '2026-11-30T12:00:00Z', namespace: 'shop', outOfScope: null, workloads: [] },
    ...{
      listProblems: [],
      kindsNotServed: [],
      unreached: 0,
      incomplete: null,
      hashKeyProblem: null,
    },
    ...some,
  };
}
