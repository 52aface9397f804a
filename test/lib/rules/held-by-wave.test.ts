import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { WorkloadKind } from '../../../lib/kubernetes/kinds.ts';
import { heldByWave, holdSentence } from '../../../lib/rules/held-by-wave.ts';
import { type Reason, reasons } from '../../../lib/rules/reason.ts';
import { withHold } from '../../../lib/rules/with-hold.ts';

const annotation = 'wave.pusher.com/scheduling-disabled';
const invalid = 'wave.pusher.com/invalid';

suite('upstream Wave holds a workload back', () => {
  const cases: readonly (readonly [
    string,
    string | null,
    string | undefined,
    string | undefined,
  ])[] = [
    ['if its scheduler is the one that does not exist', invalid, 'mine', 'mine'],
    ['if the scheduler before is not recorded', invalid, undefined, 'default-scheduler'],
    ['if the record is the one that does not exist', invalid, invalid, 'default-scheduler'],
    [
      'if the record is nothing to paste into a shell',
      invalid,
      "a' ; rm -r /",
      'default-scheduler',
    ],
    ['if the record is empty', invalid, '', 'default-scheduler'],
    [
      'if its scheduler is that of early versions, and there is a record',
      'invalid',
      'mine',
      'mine',
    ],
    [
      'unless its own scheduler has that name, and there is no record',
      'invalid',
      undefined,
      undefined,
    ],
    ['unless its scheduler is another one', 'mine', 'mine', undefined],
    ['unless it names no scheduler', null, 'mine', undefined],
  ];
  for (const [what, schedulerName, kept, original] of cases) {
    test(what, () => {
      const annotations = kept === undefined ? {} : { [annotation]: kept };
      const held = heldByWave(annotations, { schedulerName });
      assert.deepEqual(held, original === undefined ? undefined : { schedulerName, original });
    });
  }
});

suite('the hold of upstream Wave', () => {
  const held = { schedulerName: invalid, original: 'mine' };
  const of = (kind: WorkloadKind) => holdSentence({ kind, namespace: 'shop', name: 'web' }, held);

  test('is reported with a command that restores the scheduler and removes the record', () => {
    const [, patch = ''] =
      /kubectl -n shop patch deployment web --type merge -p '(.*)'$/.exec(of('Deployment')) ?? [];
    assert.deepEqual(JSON.parse(patch), {
      metadata: { annotations: { [annotation]: null } },
      spec: { template: { spec: { schedulerName: 'mine' } } },
    });
  });

  test('on a StatefulSet is reported with a command that deletes the Pods that it waits for', () => {
    assert.match(
      of('StatefulSet'),
      / && kubectl -n shop delete pods .*=wave\.pusher\.com\/invalid$/,
    );
  });

  test('is its own warning, next to another warning, and ends with the deletion of the workload', () => {
    const said = (reason: Reason) => withHold({ reason, sentence: 'said' }, 'held');
    for (const reason of Object.keys(reasons) as Reason[]) {
      const over = reason === 'Deleting' || reason === 'OptedOut';
      const expected = over
        ? { reason, sentence: 'said' }
        : reasons[reason].isWarning
          ? { reason, sentence: 'said; held' }
          : { reason: 'SchedulingDisabled', sentence: 'held; said' };
      assert.deepEqual(said(reason), expected);
      assert.deepEqual(withHold({ reason, sentence: 'said' }, undefined), {
        reason,
        sentence: 'said',
      });
    }
  });
});
