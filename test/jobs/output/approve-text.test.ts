import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ToApprove } from '../../../handler/approve/approve.ts';
import {
  approvalJson,
  approvalQuestion,
  approvalResult,
  approvalText,
} from '../../../jobs/output/approve-text.ts';

const hash = '0123456789ab'.padEnd(64, 'c');
const found: ToApprove = {
  workload: { kind: 'Deployment', namespace: 'shop', name: 'web' },
  request: {
    ...{ hash, since: '2026-11-30T06:55:00Z', reason: 'AwaitingApproval' },
    ...{ annotation: 'example.com/approved-config', approvedBy: null },
    hashWrittenAt: '2026-11-29T07:00:00Z',
  },
  sources: [
    {
      ...{ source: 'ConfigMap/settings', state: 'present', writtenAt: '2026-11-30T06:54:00Z' },
      ...{ writtenBy: 'kubectl\nedit', isNewer: true, problem: null },
    },
    {
      ...{ source: 'Secret/credentials', state: 'unreadable', writtenAt: null, writtenBy: null },
      ...{ isNewer: null, problem: 'denied' },
    },
    {
      ...{ source: 'Secret/token', state: 'present', writtenAt: null, writtenBy: null },
      ...{ isNewer: null, problem: null },
    },
  ],
};
const withReason = (reason: ToApprove['request']['reason']): ToApprove => ({
  ...found,
  request: { ...found.request, reason },
});

test('the change to approve fits on one screen, and text from the cluster cannot break a line', () => {
  assert.equal(
    approvalText(found),
    [
      'Deployment shop/web',
      '',
      'Held        since 2026-11-30T06:55:00Z: AwaitingApproval',
      'Approves    0123456789ab',
      'Last hash   written at 2026-11-29T07:00:00Z',
      '',
      'References',
      '  SOURCE               STATE      LAST WRITTEN           BY                 NEWER THAN THE HASH   NOTE',
      '  ConfigMap/settings   present    2026-11-30T06:54:00Z   kubectl\\u{a}edit   YES',
      '  Secret/credentials   NOT READ                                                                   denied',
      '  Secret/token         present    unknown',
    ].join('\n'),
  );
  assert.match(approvalText({ ...found, sources: [] }), /References\n {2}none$/);
  assert.match(approvalText(withReason(null)), /^Held +since \S+Z$/m);
});

test('JSON has the result and everything that the text has', () => {
  const { sources, ...rest } = JSON.parse(approvalJson(found, 'Approved'));
  assert.deepEqual(rest, {
    ...{ workload: found.workload, result: 'Approved', hash },
    ...{ annotation: 'example.com/approved-config', hashWrittenAt: '2026-11-29T07:00:00Z' },
    held: { since: '2026-11-30T06:55:00Z', reason: 'AwaitingApproval' },
  });
  assert.equal(sources.length, 3);
});

test('the question names the workload and the configuration, and the effect of --now', () => {
  assert.equal(
    approvalQuestion(found, false),
    'This approves 0123456789ab for Deployment shop/web.\nApprove? [y/N] ',
  );
  assert.match(approvalQuestion(found, true), /The next pass restarts it and passes all holds\.\n/);
});

suite('the result', () => {
  const what = '0123456789ab for Deployment shop/web';

  test('says which effect an approval has', () => {
    assert.equal(
      approvalResult(found, false, 'Approved'),
      `Approved ${what}: the next pass restarts it, unless another hold applies.`,
    );
    assert.equal(
      approvalResult(withReason('OutsideWindow'), false, 'Approved'),
      `Approved ${what}: it is still held by OutsideWindow, which an approval does not end; approve --now passes all holds.`,
    );
    assert.equal(
      approvalResult(withReason('OutsideWindow'), true, 'Approved'),
      `Approved ${what}: the next pass restarts it.`,
    );
  });

  test('says if nothing was written, or if the approval has no effect', () => {
    const request = { ...found.request, approvedBy: 'example.com/rollout-now' };
    assert.equal(
      approvalResult({ ...found, request }, false, 'AlreadyApproved'),
      `Nothing was written: annotation example.com/rollout-now approves ${what} already.`,
    );
    assert.equal(approvalResult(found, false, 'NotApproved'), 'Nothing was approved.');
    assert.match(approvalResult(found, false, 'Outdated'), /has no effect/);
  });
});
