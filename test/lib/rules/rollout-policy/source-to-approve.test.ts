import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  absentSource,
  sourceToApprove,
  unreadableSource,
} from '../../../../lib/rules/rollout-policy/source-to-approve.ts';

const source = 'ConfigMap/settings';
const written = '2026-11-30T07:00:00Z';
const metadata = {
  managedFields: [{ manager: 'kubectl', time: written, fieldsV1: { 'f:data': { 'f:a': {} } } }],
};
const ignore = 'example.com/ignore';

test('a source is newer than the hash if its data was written after it', () => {
  const isNewer = (hashWrittenAt: string | null) =>
    sourceToApprove(source, metadata, [ignore], hashWrittenAt).isNewer;
  assert.equal(isNewer('2026-11-30T06:59:59Z'), true);
  assert.equal(isNewer(written), false);
  assert.equal(isNewer('2026-11-30T07:00:01Z'), false);
  assert.equal(isNewer(null), null);
  assert.equal(sourceToApprove(source, {}, [ignore], written).isNewer, null);
});

test('a source is shown with the time and the manager of its last write', () => {
  assert.deepEqual(sourceToApprove(source, metadata, [ignore], null), {
    ...{ source, state: 'present', writtenAt: written, writtenBy: 'kubectl' },
    ...{ isNewer: null, problem: null },
  });
});

test('a source that its owner excluded is ignored', () => {
  const state = (value: string) =>
    sourceToApprove(source, { annotations: { [ignore]: value } }, [ignore], null).state;
  assert.deepEqual([state('true'), state('false')], ['ignored', 'present']);
});

test('of an absent or forbidden source, nothing more is known', () => {
  const unknown = { source, writtenAt: null, writtenBy: null, isNewer: null };
  assert.deepEqual(absentSource(source), { ...unknown, state: 'absent', problem: null });
  assert.deepEqual(unreadableSource(source, 'denied'), {
    ...{ ...unknown, state: 'unreadable', problem: 'denied' },
  });
});
