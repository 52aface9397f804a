import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { waitingOf } from '../../../../jobs/ui/page/waiting.ts';
import { workloadStatus } from '../../output/status-report.ts';

suite('the queue', () => {
  test('has the rollouts in progress first, then those of the next pass, then holds by their ends', () => {
    const at = (hour: number) => `2026-11-30T${hour}:00:00Z`;
    const workloads = [
      workloadStatus('approval', 'AwaitingApproval', { since: at(10) }),
      workloadStatus('late', 'OutsideWindow', { heldUntil: at(22), since: at(10) }),
      workloadStatus('no-end', 'Paused', { since: at(11) }),
      workloadStatus('early', 'OutsideWindow', { heldUntil: at(20), since: at(12) }),
      workloadStatus('next', 'ConfigChanged', { wouldRestart: true }),
      workloadStatus('moving', 'RollingOut', { since: at(13) }),
    ];
    assert.deepEqual(
      waitingOf(workloads).map(({ name }) => name),
      ['moving', 'next', 'early', 'late', 'approval', 'no-end'],
    );
  });

  test('contains neither current workloads nor those that need a person', () => {
    const others = ['UpToDate', 'RolledOut', 'MissingSource', 'RolloutFailed', 'Unknown'] as const;
    assert.deepEqual(waitingOf(others.map((state) => workloadStatus(state, state))), []);
  });
});
