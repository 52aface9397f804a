import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { RolloutState } from '../../../../lib/kubernetes/kinds.ts';
import type { Given } from '../../../../lib/rules/rollout-policy/given.ts';
import {
  failureOf,
  stoppedByFailure,
  type Witness,
} from '../../../../lib/rules/rollout-policy/stopped-by-failure.ts';
import { change, minutes, now } from './rules.ts';

const bad = 'uid,7,2026-11-30T06:55:00Z';
const said: RolloutState = { phase: 'unfinished', failure: 'said' };

function witness(
  name: string,
  state: RolloutState = said,
  { version = bad, at = minutes(-5), source = 'ConfigMap/app' } = {},
): Witness {
  const given = new Map([[source, { version, at, failed: false }]]);
  return {
    kind: 'StatefulSet',
    namespace: 'shop',
    name,
    underWay: { startedAt: at, state, given },
  };
}

const failure = (witnesses: readonly Witness[], version = bad, own: Given = new Map()) =>
  failureOf(change.workload, own, new Map([['ConfigMap/app', version]]), witnesses, now, 600_000);

suite('a version of a source that made a rollout fail', () => {
  test('is not given to another workload, and the sentence names the failed workload', () => {
    assert.deepEqual(stoppedByFailure(change, {}, { failure: failure([witness('db')]) }), {
      reason: 'StoppedByFailure',
      sentence:
        'its configuration changed (ConfigMap/app), but the rollout of StatefulSet/db failed with ConfigMap/app as it is now: nothing is written until ConfigMap/app changes, or StatefulSet/db is healthy or deleted, then it restarts once with the current configuration',
    });
  });

  test('is reported with the command that a StatefulSet needs after a correction', () => {
    const waiting = witness('db', { ...said, waitsForPod: 'db-2' });
    assert.match(
      stoppedByFailure(change, {}, { failure: failure([waiting]) })?.sentence ?? '',
      /configuration; StatefulSet\/db may wait for its broken Pod also after a correction \(kubernetes#67250\): kubectl -n shop delete pod db-2 helps$/,
    );
  });

  test('stays stopped if fields other than its data were written since', () => {
    assert.notEqual(failure([witness('db')], 'uid,99,2026-11-30T06:55:00Z'), undefined);
  });

  test('is given after it has changed, and a source that was created again has another version', () => {
    assert.equal(failure([witness('db')], 'uid,8,2026-11-30T06:59:00Z'), undefined);
    assert.equal(failure([witness('db')], 'other,7,2026-11-30T06:55:00Z'), undefined);
  });

  test('is given after the workload is healthy, finished or inert', () => {
    for (const phase of ['healthy', 'finished', 'inert'] as const) {
      assert.equal(failure([witness('db', { ...said, phase })]), undefined, phase);
    }
    assert.equal(failure([{ kind: 'StatefulSet', namespace: 'shop', name: 'db' }]), undefined);
    assert.equal(failure([]), undefined);
  });

  test('is given while it is unknown whether the rollout fails', () => {
    const late: RolloutState = { phase: 'unfinished', failure: 'if late' };
    assert.equal(failure([witness('db', late, { at: minutes(-9) })]), undefined);
    assert.notEqual(failure([witness('db', late, { at: minutes(-10) })]), undefined);
  });

  test('is given to the failed workload itself, which already has it', () => {
    const itself: Witness = { ...witness('web'), kind: 'Deployment' };
    assert.equal(failure([itself]), undefined);
    assert.notEqual(failure([{ ...itself, kind: 'DaemonSet' }]), undefined);
  });

  test('is not stopped by a workload that failed with another source', () => {
    assert.equal(failure([witness('db', said, { source: 'Secret/db' })]), undefined);
  });

  test('is given to a workload that failed with it before: it is a correction in the same second', () => {
    const own = new Map([['ConfigMap/app', { version: bad, at: minutes(-5), failed: false }]]);
    assert.equal(failure([witness('db')], 'uid,8,2026-11-30T06:55:00Z', own), undefined);
    assert.notEqual(failure([witness('db')], 'uid,8,2026-11-30T06:55:00Z'), undefined);
  });
});
