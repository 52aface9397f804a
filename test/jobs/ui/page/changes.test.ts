import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { announcementOf, changedSince, keyOf } from '../../../../jobs/ui/page/changes.ts';
import { workloadStatus } from '../../output/status-report.ts';

const web = workloadStatus('web', 'UpToDate');
const failed = workloadStatus('web', 'RolloutFailed');
const other = { ...web, namespace: 'other' };

suite('a change', () => {
  test('is a different state of the same workload, or a new workload', () => {
    assert.deepEqual(changedSince([web], [failed, other]).map(keyOf), [
      'Deployment/shop/web',
      'Deployment/other/web',
    ]);
    const renewed = { ...web, sentence: 'another message', since: '2026-11-30T12:00:00Z' };
    assert.deepEqual(changedSince([web, other], [renewed]), []);
  });

  test('is announced in one sentence that names at most three workloads', () => {
    assert.equal(announcementOf([]), '');
    assert.equal(announcementOf([failed]), 'web is RolloutFailed.');
    const many = ['a', 'b', 'c', 'd', 'e'].map((name) => workloadStatus(name, 'UpToDate'));
    assert.equal(
      announcementOf(many),
      'a is UpToDate, b is UpToDate, c is UpToDate and 2 more changed.',
    );
  });
});
