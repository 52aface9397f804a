import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHold, type Reason, reasons } from '../../../lib/rules/reason.ts';

const all = Object.keys(reasons) as Reason[];

test('a reason is one word that log, Event, report and metric label share', () => {
  for (const reason of all) assert.match(reason, /^([A-Z][a-z]+)+$/);
});

test('a pass is only incomplete because of the cluster, never because of the owner of a workload', () => {
  assert.deepEqual(
    all.filter((reason) => reasons[reason].incomplete),
    ['PolicyUnreadable', 'UnreadableSource', 'Failed'],
  );
});

test('every reason that makes a pass incomplete is a warning', () => {
  for (const reason of all) {
    assert.ok(!reasons[reason].incomplete || reasons[reason].isWarning, reason);
  }
});

test('usual and temporary reasons are not warnings', () => {
  assert.deepEqual(
    all.filter((reason) => !reasons[reason].isWarning),
    [
      ...['UpToDate', 'ConfigChanged', 'FirstSeen', 'Adopted', 'AlreadyCurrent', 'Paused'],
      ...['Settling', 'AwaitingApproval', 'OutsideWindow', 'CoolingDown', 'Queued'],
      ...['OptedOut', 'Deleting'],
    ],
  );
});

test('a hold is a known change that is not written yet', () => {
  assert.deepEqual(all.filter(isHold), [
    ...['PolicyUnreadable', 'Paused', 'StoppedByFailure', 'Settling', 'AwaitingApproval'],
    ...['OutsideWindow', 'CoolingDown', 'LimitExceeded', 'Queued'],
  ]);
});
