import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byUrgency } from '../../../lib/status/order.ts';
import { type State, urgencyOf } from '../../../lib/status/state.ts';
import { statusOf, type WorkloadStatus } from '../../../lib/status/workload-status.ts';
import { facts, now, outcome } from './status-facts.ts';

const circumstances = { now, isCompared: true, isQueueKnown: true };

function status(name: string, state: State, since: string | null = null): WorkloadStatus {
  const some = statusOf(outcome({ name }), facts(), circumstances);
  return { ...some, state, urgency: urgencyOf(state), since };
}

test('workloads that need a person come first, then the oldest, and finished ones are sorted by name', () => {
  const sorted = [
    status('failed', 'RolloutFailed', '2026-11-30T10:00:00Z'),
    status('approval', 'AwaitingApproval', '2026-11-30T11:00:00Z'),
    status('missing', 'MissingSource'),
    status('outdated', 'PodsOutdated'),
    status('unknown', 'Unknown'),
    status('older', 'Paused', '2026-11-30T10:00:00Z'),
    status('newer', 'OutsideWindow', '2026-11-30T11:00:00Z'),
    status('changed', 'ConfigChanged'),
    status('rolling', 'RollingOut'),
    status('rolled', 'RolledOut'),
    status('a', 'UpToDate', '2026-11-30T11:00:00Z'),
    status('b', 'UpToDate', '2026-11-30T10:00:00Z'),
  ];
  const names = (all: readonly WorkloadStatus[]) => all.map(({ name }) => name);
  assert.deepEqual(names(sorted.toReversed().sort(byUrgency)), names(sorted));
});
